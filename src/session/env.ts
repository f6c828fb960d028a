/**
 * Types of the variables that a strategy puts on a Hono context. The middleware and `portcullis()`
 * use them. Nothing here runs.
 */
import type { SessionHandle, SessionStrategy, ThreeVerbHandle, ThreeVerbs } from './core/types.ts'

/** The data that a strategy's sessions hold. */
export type SessionData<S> = S extends ThreeVerbs<infer Data> ? Data : never

/** The handle that a strategy gives: every verb, or three for a strategy that has only three. */
export type HandleFor<S> =
  S extends SessionStrategy<infer Data> ? SessionHandle<Data> : ThreeVerbHandle<SessionData<S>>

/** The variables that `session()` sets, for helpers in other files: `new Hono<SessionEnv<typeof sessions>>()`. */
export type SessionEnv<S> = { Variables: { session: HandleFor<S> } }
