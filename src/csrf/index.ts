export {
  type CrossOriginRequest,
  type CsrfReason,
  type CsrfVerdict,
  checkCrossOrigin,
} from './check.ts'
export type { CompiledCsrf, CrossOriginPolicy } from './compiled.ts'
export { type CsrfContext, type CsrfGuard, type TokenCheck, varyHeaders } from './create-guard.ts'
export { type CsrfOptions, csrfGuard } from './guard.ts'
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
