/**
 * Types of Durable Objects, as far as this library uses them, so that other projects need no types of
 * Cloudflare. The object class, its session table, its counts and attempts, and the caller use them.
 * Nothing here runs; the real objects have more members.
 */

/** A namespace of objects: the binding. */
export interface ObjectNamespace {
  /** The id of the object with this name. */
  idFromName(name: string): unknown
  /** A stub of an object. */
  get(id: never, options?: { locationHint?: never }): ObjectStub
}

/** The stub that sends requests to one object. */
export interface ObjectStub {
  /** Sends a request. */
  fetch(url: string, init: RequestInit): Promise<unknown>
}

/** A database inside an object. Every statement happens at once, and nothing else runs meanwhile. */
export interface ObjectSql {
  /** Runs statements; bindings stand for `?`. */
  exec(
    query: string,
    ...bindings: Array<string | number | null>
  ): { toArray(): Array<Record<string, unknown>> }
}

/** Storage of one object. */
export interface ObjectStorage {
  /** Its database. */
  readonly sql: ObjectSql
  /** Runs a function; what it wrote is undone if it throws. */
  transactionSync<T>(body: () => T): T
  /** When `alarm()` will be called, in ms since the epoch. */
  getAlarm(): Promise<number | null>
  /** Has `alarm()` called then, instead of any earlier wish. */
  setAlarm(at: number): Promise<void>
  /** Forgets everything, the tables too. */
  deleteAll(): Promise<void>
}

/** The state that the platform gives an object. */
export interface ObjectState {
  /** Its storage. */
  readonly storage: ObjectStorage
  /** Lets no request in before the function has ended. */
  blockConcurrencyWhile<T>(body: () => Promise<T>): Promise<T>
}
