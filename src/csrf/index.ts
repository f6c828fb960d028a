/**
 * Exports the protection against cross-site request forgery by the headers that browsers send (Sec-Fetch-Site,
 * Origin, Referer). Applications import it from `portcullis/csrf`; the gateway uses the check and its policy.
 * `check.ts` is the pure check, `policy.ts` and `rules.ts` compile its options, `guard.ts` adds events, observe
 * mode, responses and tokens (`token.ts`), and `csrf()` is the Hono middleware. Wrong options throw a
 * `ConfigError` while building.
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
