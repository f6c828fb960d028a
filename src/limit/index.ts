export { type BindingLimiterOptions, bindingLimiter, type RateLimitBinding } from './binding.ts'
export type {
  LimitContext,
  Limiter,
  LimitResult,
  PreparedTake,
  RedisLimiter,
  Shield,
  TakeResult,
} from './contract.ts'
export type { Decision, PolicyResult } from './decide.ts'
export { type ExactLimiterOptions, exactLimiter } from './exact.ts'
export {
  type LimitedContext,
  type LimitGate,
  type LimitVerdict,
  limitGate,
  type PreparedLimits,
  type RateLimitOptions,
} from './gate.ts'
export { type MemoryLimiterOptions, memoryLimiter } from './memory.ts'
export { type RateLimitEnv, rateLimit } from './middleware.ts'
export type { LimitPolicy, OnOutage } from './policies.ts'
export { askAlone, type Outcomes, type PreparedTakes, prepareTakes, type Take } from './takes.ts'
