export type { Emit, From, SecurityEvent } from '../types.ts'
export { type BreakerOptions, type BreakerRules, circuitBreaker } from './breaker.ts'
export {
  type Access,
  type AssertionOptions,
  defineGateway,
  type GatewayConfig,
  type Method,
  type Route,
  type SessionVerb,
  type Upstream,
} from './config.ts'
export { createGateway, type Gateway } from './create.ts'
export type { RouteThrottle } from './judge-throttle.ts'
export { gatewayOrRefuse } from './or-refuse.ts'
export { reviewGateway } from './review.ts'
