/**
 * The stack for Hono apps: `portcullis()` runs every guard in the order of `order.ts`, and its
 * steps can be used alone.
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
