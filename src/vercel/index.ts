/**
 * Exports `portcullis/vercel`: `vercel()`, a handler for functions, `proxy.ts` and `middleware.ts`; `guard()` in front
 * of a project; and `verifySession()` for the project behind it. Applications on Vercel and Next import it. Wrong
 * options throw a `ConfigError` (`ERR_CONFIG`).
 */
export {
  type Assertion,
  type AssertionVerifierOptions,
  assertionVerifier,
  type VerifyAssertion,
} from '../assertion/verifier.ts'
export { returnPath } from '../request/index.ts'
export type { SessionInfo } from '../session/index.ts'
export type { Emit, FromEnv, SecurityEvent } from '../types.ts'
export { type GuardRoute, guard, type VercelGuardOptions as GuardOptions } from './guard.ts'
export type { NextDomain, NextOptions } from './next-options.ts'
export type { NextRewrite } from './next-rewrites.ts'
export { type PassThroughOptions, passThrough } from './pass-through.ts'
export {
  type EventLike,
  type VercelApp,
  type VercelHandler,
  type VercelOptions,
  vercel,
} from './vercel.ts'
export {
  type SessionSource,
  type VerifiedSession,
  type VerifySessionOptions,
  verifySession,
} from './verify-session.ts'
