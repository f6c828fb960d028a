/**
 * Exports the gateway: a reverse proxy with sessions, access rules, rate limits and a login throttle.
 * Applications import it as `portcullis/gateway`; the demo Worker (`worker/`) and the types of
 * `portcullis/node` import it too. `createGateway()` compiles a configuration to a `fetch` handler and
 * throws a `ConfigError` for a wrong one. docs/architecture.md follows a request through the gateway.
 */
export { type CacheOptions, publicCache, type RouteCache } from '../proxy/cache/public-cache.ts'
export type { VaryName } from '../proxy/cache/rules.ts'
export type { CacheStore } from '../proxy/cache/store.ts'
export type { FetchApp, FetchBinding, FetchHandler } from '../proxy/fetch/bindings.ts'
export { type BreakerOptions, type BreakerRules, circuitBreaker } from '../proxy/fetch/breaker.ts'
export type { SwitchedResponse, UpstreamClient } from '../proxy/fetch/upstream-client.ts'
export { type AliasName, type AliasReader, type NextPaths, nextAliases } from '../request/index.ts'
export type { Emit, EventType, FromEnv, SecurityEvent } from '../types.ts'
export type { Maintenance } from './checks/maintenance.ts'
export { type MethodOverride, methodOverride } from './checks/method-override.ts'
export {
  type AppUpstream,
  type AssertionOptions,
  type AssetsUpstream,
  type BindingUpstream,
  defineGateway,
  type GatewayConfig,
  type Upstream,
  type UpstreamSettings,
  type UpstreamSource,
  type UrlUpstream,
} from './config.ts'
export { type ConsoleOptions, gatewayConsole } from './console/create.ts'
export type { GatewayConsole } from './console/types.ts'
export { createGateway, type Gateway, type GatewayContext } from './create.ts'
export type { ReadyOptions } from './endpoints/ready.ts'
export { gatewayOrRefuse } from './gateway-or-refuse.ts'
export { type Review, reviewGateway } from './review/review.ts'
export type { Access, Method, Route, SessionVerb } from './routes/route.ts'
export { gatewayThrottle } from './throttle/create.ts'
export type { GatewayThrottle, RouteThrottle } from './throttle/types.ts'
