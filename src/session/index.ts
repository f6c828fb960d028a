export type { DeviceEndpoints, DeviceOption } from './core/device.ts'
export type { SessionFacts } from './core/info.ts'
export type { LegacyCookie, SessionOptions } from './core/options.ts'
export type { Schema, SchemaIssue, SchemaResult } from './core/schema.ts'
export type {
  CookieStoreLike,
  EndMarkedArgs,
  FlushableHandle,
  HonoContextLike,
  OptionalKey,
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
