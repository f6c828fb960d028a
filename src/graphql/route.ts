/**
 * Compiles the limits of a GraphQL endpoint for a route of a gateway: `graphqlLimits()`. It is a
 * value of the route's option, so that a gateway without GraphQL carries none of this code. Wrong
 * options are a `ConfigError`.
 */
import { createIssues } from '../options/issues.ts'
import type { Reason } from '../types.ts'
import { createGraphqlError } from './error-response.ts'
import { type InspectionResult, inspectGraphql } from './inspect.ts'
import { compileLimits, type GraphqlLimits } from './limits.ts'

/** Options of {@link graphqlLimits}. Absent = default. */
export interface GraphqlRouteOptions extends GraphqlLimits {
  /** Whether the schema may be asked for: by all whom the route lets pass, or by a role. Default false. */
  readonly introspection?: boolean | { readonly role: string | readonly string[] }
}

/** The result of {@link graphqlLimits}, for the option `graphql` of a route. */
export interface GraphqlRoute {
  /** Whether the schema may be asked for, or by whom. */
  readonly introspection: boolean | { readonly role: string | readonly string[] }
  /** Reads a request; its body is in what was found. */
  inspect(request: Request): Promise<InspectionResult>
  /** Answers in the shape of GraphQL. */
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
