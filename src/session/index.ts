/**
 * Entry point of sessions: applications import it through `portcullis` and `portcullis/session`; the
 * gateway, the login, the proxy, the session protocol, the Vercel adapter and the test helpers use it
 * too. It only exports.
 *
 * A strategy (`statelessSessions`, `storedSessions`, `sessionsBy`) compiles its options once and creates an
 * engine, which reads and writes sessions and holds no state of a request. `session()` opens one handle for
 * each request. The handle loads the session when it is first read, records changes as edits, and writes
 * them once, when the response is flushed; a write that meets another one replays the edits on the newer
 * session. Only `start` changes the user, and always with a new id.
 *
 * A request: middleware -> handle -> request state (edits) -> engine -> sealed cookie or sealed row.
 */
export { type ClientInfoOptions, clientInfo } from './client/client-info.ts'
export type { Schema, SchemaIssue, SchemaResult } from './core/data.ts'
export type { DeviceEndpoints, DeviceOption } from './core/device.ts'
export type { ClientInfoOption } from './core/engine.ts'
export type { SessionFacts } from './core/info.ts'
export type { LegacyCookie, SessionOptions } from './core/options/options.ts'
export type {
  CookieStoreLike,
  EndMarkedArgs,
  EndOneArgs,
  EventTags,
  FlushableHandle,
  HonoContextLike,
  OptionalKey,
  SessionClient,
  SessionContext,
  SessionHandle,
  SessionInfo,
  SessionObject,
  SessionStrategy,
  StartOptions,
  StatelessStrategy,
  StoredStrategy,
  ThreeVerbHandle,
  ThreeVerbs,
} from './core/types.ts'
export { deviceBound } from './device/device-bound.ts'
export type { DeviceOptions, DeviceSite } from './device/settings.ts'
export type { HandleFor, SessionData, SessionEnv } from './env.ts'
export type {
  GuardContext,
  GuardOptions,
  RequireBoundOptions,
  RequireFreshOptions,
  RequireSessionOptions,
} from './guard.ts'
export { openSession } from './handle/strategy.ts'
export { type IronCookieOptions, ironCookie } from './legacy/iron-cookie.ts'
export { requireBound, requireFresh, requireSession, session } from './middleware.ts'
export { type ChosenStrategy, type SessionsByOptions, sessionsBy } from './sessions-by.ts'
export type { RevocationOptions, StatelessOptions } from './stateless/options.ts'
export { type Revocation, revocable } from './stateless/revocable.ts'
export { statelessSessions } from './stateless/sessions.ts'
export type { StoredOptions } from './stored/options.ts'
export { storedSessions } from './stored/sessions.ts'
