/**
 * Rate limits and the login throttle. A limiter counts (`exact/`, `memory/`, `durable-object/`,
 * `upstash.ts`), `rateLimit()` applies policies of limiters to requests, and `throttle/` holds up
 * guessed passwords.
 */
export { type BindingLimiterOptions, bindingLimiter, type RateLimitBinding } from './binding.ts'
export type {
  BasicLimiter,
  LimitContext,
  Limiter,
  LimitResult,
  PreparedTake,
  RedisLimiter,
  TakeResult,
} from './contract.ts'
export type { Decision, PolicyResult } from './decide.ts'
export { type ExactLimiterOptions, exactLimiter } from './exact/exact.ts'
export {
  type LimitedContext,
  type LimitGate,
  type LimitVerdict,
  limitGate,
  type PreparedLimits,
  type RateLimitOptions,
} from './gate.ts'
export { type MemoryLimiterOptions, memoryLimiter } from './memory/memory.ts'
export { type LoginThrottleEnv, loginThrottle, type RateLimitEnv, rateLimit } from './middleware.ts'
export type { LimitPolicy, OnOutage } from './policies.ts'
export { askAlone, type Outcomes, type PreparedTakes, prepareTakes, type Take } from './takes.ts'
export { accountKey } from './throttle/account/account.ts'
export type { AccountRule } from './throttle/account/read-account.ts'
export type {
  LoginContext,
  LoginGateOptions,
  LoginThrottle,
  LoginVerdict,
} from './throttle/face.ts'
export type {
  LoginThrottleOptions,
  ThrottleDeviceOptions as DeviceOptions,
} from './throttle/options.ts'
export { type MemoryThrottleOptions, memoryThrottle } from './throttle/stores/memory-throttle.ts'
export {
  type RedisThrottle,
  type RedisThrottleOptions,
  redisThrottle,
  type ThrottleCall,
} from './throttle/stores/redis-throttle.ts'
export type {
  AttemptReply,
  Counters,
  Daily,
  Outcome,
  Streak,
  ThrottleStore,
} from './throttle/stores/store.ts'
export type { Success, SuccessPreset, SuccessRule } from './throttle/success/success-rules.ts'
