/**
 * Types of D1 as far as this library needs them, so that projects without D1 need no types of
 * Cloudflare. The D1 store uses them. Nothing here runs.
 */

/** A statement with its values. */
export interface D1Statement {
  /** Gives values to `?1`, `?2` and so on. */
  bind(...values: Array<string | number | null>): D1Statement
}

/** The answer to one statement of a batch. */
export interface D1Answer {
  /** Rows that it selected or returned. */
  readonly results?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** How many rows it changed. */
  readonly meta?: { readonly changes?: number }
}

/** Sends statements to one database, in an order that it keeps. */
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
