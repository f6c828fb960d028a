/**
 * Types of the variables that a strategy sets on a Hono context. `session()` and `portcullis()` use them,
 * and applications import them for handlers in other files. Nothing here runs. A strategy that is not
 * of this library gets a handle with three methods by type.
 */
import type { SessionHandle, SessionStrategy, ThreeVerbHandle, ThreeVerbs } from './core/types.ts'

/** The type of the data of a strategy's sessions. */
export type SessionData<S> = S extends ThreeVerbs<infer Data> ? Data : never

/** The type of `c.var.session`: a full handle, or one with three methods for a strategy of another library. */
export type HandleFor<S> =
  S extends SessionStrategy<infer Data> ? SessionHandle<Data> : ThreeVerbHandle<SessionData<S>>

/** The variables that `session()` sets, for helpers in other files: `new Hono<SessionEnv<typeof sessions>>()`. */
export type SessionEnv<S> = { Variables: { session: HandleFor<S> } }
