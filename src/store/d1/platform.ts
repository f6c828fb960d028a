/**
 * Types of the D1 binding, as far as this library uses it, so that projects without D1 need no types of
 * Cloudflare. `d1.ts` and `d1/call.ts` use them. Nothing here runs; a real binding has more members.
 */

/** A statement with its values. */
export interface D1Statement {
  /** Binds values to `?1`, `?2` and so on. */
  bind(...values: Array<string | number | null>): D1Statement
}

/** The answer to one statement of a batch. */
export interface D1Answer {
  /** The rows that the statement selected or returned. */
  readonly results?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** The number of rows that the statement changed. */
  readonly meta?: { readonly changes?: number }
}

/** Sends statements to one database, in order. */
export interface D1Client {
  /** Prepares a statement. */
  prepare(text: string): D1Statement
  /** Runs statements as one transaction. */
  batch(statements: never[]): Promise<readonly D1Answer[]>
}

/** A database: the binding. */
export interface D1Database {
  /** Begins a session; `first-primary` sends its first statements to the primary. */
  withSession(constraint: 'first-primary'): D1Client
}
