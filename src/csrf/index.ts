/**
 * Protection against cross-site request forgery by the headers that browsers send (Sec-Fetch-Site, Origin, Referer).
 * `checkCrossOrigin()` is the pure check (`check.ts`) with a policy that is compiled once (`policy.ts`, `rules.ts`); the guard
 * (`guard.ts`) adds events, observe mode, responses and optional tokens (`token.ts`); `csrf()` is its middleware.
 */
export {
  type CrossOriginRequest,
  type CsrfReason,
  type CsrfVerdict,
  checkCrossOrigin,
} from './check.ts'
export type { CompiledCsrf, CrossOriginPolicy } from './compiled.ts'
export {
  type CsrfContext,
  type CsrfGuard,
  type CsrfOptions,
  csrfGuard,
  type TokenCheck,
  varyHeaders,
} from './guard.ts'
export { csrf, csrfTokens } from './middleware.ts'
export {
  type CompilableCsrf,
  type CrossOriginOptions,
  compileCsrf,
  csrfPolicy,
  type IsolationOptions,
} from './policy.ts'
export type { ExemptRule, TrustRule } from './rules.ts'
export { type CsrfTokenOptions, type CsrfTokens, signedTokens } from './token.ts'
