/**
 * Limits for GraphQL endpoints, checked before the server parses a request: `graphqlGuard()` for Hono apps,
 * `graphqlLimits()` for routes of a gateway, and the pure checks that both use. Applications import it as
 * `portcullis/graphql`.
 */
export { checkDocument, checkGraphqlRequest, type GraphqlVerdict } from './check.ts'
export { createGraphqlError } from './error-response.ts'
export type { GraphqlGuardOptions } from './guard.ts'
export { type InspectionResult, inspectGraphql } from './inspect.ts'
export { type CompiledGraphql, compileLimits, type GraphqlLimits } from './limits.ts'
export { measure, type Size } from './measure.ts'
export { graphqlGuard } from './middleware.ts'
export { type GraphqlRoute, type GraphqlRouteOptions, graphqlLimits } from './route.ts'
