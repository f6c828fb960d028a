export {
  type CrossOriginRequest,
  type CsrfReason,
  type CsrfVerdict,
  checkCrossOrigin,
} from './check.ts'
export { type CrossOriginOptions, type CrossOriginPolicy, csrfPolicy, type IsolationOptions } from './policy.ts'
export type { ExemptRule, TrustRule } from './rules.ts'
