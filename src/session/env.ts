/** What a strategy puts on a context, as types. */
import type { SessionHandle, SessionStrategy, ThreeVerbHandle, ThreeVerbs } from './core/types.ts'

/** The data that a strategy holds. */
export type SessionData<S> = S extends ThreeVerbs<infer Data> ? Data : never

/** The handle that a strategy gives: every verb, or three for a strategy of three. */
export type HandleFor<S> =
  S extends SessionStrategy<infer Data> ? SessionHandle<Data> : ThreeVerbHandle<SessionData<S>>

/** What `session()` puts on the context, for helpers in other files: `new Hono<SessionEnv<typeof sessions>>()`. */
export type SessionEnv<S> = { Variables: { session: HandleFor<S> } }
