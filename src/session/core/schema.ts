/** The part of Standard Schema v1 that sessions use, declared here so that no schema library is a dependency. */

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

/** The result of a schema. Without `issues` the value is valid. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One problem of a value, and its place. */
export interface SchemaIssue {
  /** The problem in the schema's words. */
  readonly message: string
  /** Keys from the top of the value to the place of the problem. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}
