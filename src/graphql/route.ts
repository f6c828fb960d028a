/**
 * Compiles the limits of a GraphQL endpoint for a route of a gateway: `graphqlLimits()`. The gateway calls the result
 * for each request to the route. Only a gateway that uses the option contains this code. Wrong options are a
 * `ConfigError`.
 */
import { createIssues } from '../options/issues.ts'
import type { Reason } from '../types.ts'
import { createGraphqlError } from './error-response.ts'
import { type InspectionResult, inspectGraphql } from './inspect.ts'
import { compileLimits, type GraphqlLimits } from './limits.ts'

/** Options of {@link graphqlLimits}. Absent = default. */
export interface GraphqlRouteOptions extends GraphqlLimits {
  /** Whether requests may read the schema: all that the route allows, or those of a role. Default false. */
  readonly introspection?: boolean | { readonly role: string | readonly string[] }
}

/** The result of {@link graphqlLimits}, for the option `graphql` of a route. */
export interface GraphqlRoute {
  /** Whether requests may read the schema, or the role that may. */
  readonly introspection: boolean | { readonly role: string | readonly string[] }
  /** Reads and checks a request. The result contains its body. */
  inspect(request: Request): Promise<InspectionResult>
  /** Creates the response to a rejected request, in the shape of GraphQL. */
  readonly refuse: (reason: Reason, request: Request, requestId?: string) => Response
}

/**
 * Compiles the limits of a GraphQL endpoint behind a gateway.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * createGateway({ upstreams, routes: [{ path: '/graphql', to: 'api', graphql: graphqlLimits({ maxDepth: 8 }) }] })
 */
export function graphqlLimits(options: GraphqlRouteOptions = {}): GraphqlRoute {
  const issues = createIssues('graphqlLimits')
  const limits = compileLimits(options, issues, ['introspection'])
  issues.throwIfAny()
  const { introspection = false } = options
  return {
    introspection,
    inspect: (request) => inspectGraphql(request, limits),
    refuse: createGraphqlError,
  }
}
