/** The part of Standard Schema v1 that sessions use, declared here so that no vendor is a dependency. */

/** Any Standard Schema (https://standardschema.dev): zod, valibot, arktype and others implement it. */
export interface Schema<Output> {
  /** The one member that makes an object a Standard Schema. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    validate(value: unknown): SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema says of a value. Without `issues` the value passed. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What is wrong with a value, and where. */
export interface SchemaIssue {
  /** What is wrong, in the schema's words. */
  readonly message: string
  /** Where. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}
