export type { HandleFor, SessionData, SessionEnv } from './env.ts'
export type {
  GuardContext,
  GuardOptions,
  RequireFreshOptions,
  RequireSessionOptions,
} from './guard.ts'
export type { SessionFacts } from './info.ts'
export { type IronCookieOptions, ironCookie } from './iron-cookie.ts'
export { requireFresh, requireSession, session } from './middleware.ts'
export type {
  LegacyCookie,
  RevocationOptions,
  SessionOptions,
  StatelessOptions,
  StoredOptions,
} from './options.ts'
export { type Revocation, revocable } from './revocable.ts'
export type { Schema, SchemaIssue, SchemaResult } from './schema.ts'
export { type ChosenStrategy, type SessionsByOptions, sessionsBy } from './sessions-by.ts'
export { statelessSessions } from './stateless.ts'
export { storedSessions } from './stored.ts'
export { openSession } from './strategy.ts'
export type { EndMarkedArgs, StatelessStrategy, StoredStrategy } from './strategy-types.ts'
export type {
  CookieStoreLike,
  FlushableHandle,
  HonoContextLike,
  OptionalKey,
  SessionContext,
  SessionHandle,
  SessionInfo,
  SessionObject,
  SessionStrategy,
  StartOptions,
  ThreeVerbHandle,
  ThreeVerbs,
} from './types.ts'
