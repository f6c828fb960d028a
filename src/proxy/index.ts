/**
 * Exports `portcullis/proxy`: `proxy()`, a Hono handler that forwards requests to a server with the gateway's own code,
 * and `circuitBreaker()`. Applications import it. Wrong options throw a `ConfigError` (`ERR_CONFIG`).
 */
export type { SessionVerb } from '../session-protocol/grants.ts'
export type { Emit, EventType, FromEnv, SecurityEvent } from '../types.ts'
export { type BreakerOptions, type BreakerRules, circuitBreaker } from './fetch/breaker.ts'
export { proxy } from './middleware.ts'
export type { ProxyAssertion, ProxyOptions } from './options.ts'
