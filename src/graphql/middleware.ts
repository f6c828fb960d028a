/** The Hono face of the graphql room. */
import type { Context, MiddlewareHandler } from 'hono'
import { createGraphqlGuard, type GraphqlGuardOptions } from './guard.ts'

/**
 * Refuses GraphQL requests that ask for too much, before the server parses them: `app.use('/graphql', graphqlGuard())`.
 * Handlers read the body as it came, through `c.req`. Not looked at: what a persisted operation holds, and WebSockets, which
 * are refused unless `insecureSockets`.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 */
export function graphqlGuard(options: GraphqlGuardOptions<Context> = {}): MiddlewareHandler {
  const guard = createGraphqlGuard<Context>(options)
  return async function graphqlGuard(c, next) {
    return (await guard(c)) ?? next()
  }
}
