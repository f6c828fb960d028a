/**
 * Defines the Hono middleware for GraphQL endpoints: `graphqlGuard()`. Applications call it while building, which
 * throws a `ConfigError` for wrong options. A request beyond the limits is answered here, and the server never parses
 * it.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { createGraphqlGuard, type GraphqlGuardOptions } from './guard.ts'

/**
 * Rejects GraphQL requests that are too expensive before the server parses them. Handlers read the body as usual,
 * through `c.req`. The content of persisted operations is not checked. WebSockets are rejected unless `insecureSockets`
 * is set, and then their messages are not checked.
 *
 * @throws {ConfigError} `ERR_CONFIG` with all wrong options
 * @example
 * app.use('/graphql', graphqlGuard({ maxDepth: 8 }))
 */
export function graphqlGuard(options: GraphqlGuardOptions<Context> = {}): MiddlewareHandler {
  const guard = createGraphqlGuard<Context>(options)
  return async function graphqlGuard(c, next) {
    return (await guard(c)) ?? next()
  }
}
