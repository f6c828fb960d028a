/**
 * The middleware stack for Hono apps, for applications (`portcullis`) and for the Express and
 * Fastify handlers in `node/`. `portcullis()` runs every guard in the order of `order.ts`, and most
 * steps can also be used alone. Wrong options throw a `ConfigError` while building.
 */
export {
  allowMethods,
  type BodyOptions,
  type LimitOptions,
  limitBodies,
  limitRequests,
} from './bounds.ts'
export { type CorsOptions, cors } from './cors.ts'
export type { GraphqlStep } from './graphql-step.ts'
export { allowHosts, type HostOptions, type HttpsOptions, requireHttps } from './hosts.ts'
export { order, type Step } from './order.ts'
export { portcullis, type StackOptions } from './portcullis.ts'
export { createMiddlewareRunner, type MiddlewareRun, type RunnableMiddleware } from './runner.ts'
export { canonicalPaths, type RequestIdEnv, requestId } from './steps.ts'
