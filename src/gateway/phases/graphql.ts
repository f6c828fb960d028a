/**
 * Applies the option `graphql` of a route: validated while building, then each request is
 * inspected, and queries of the schema are checked against the session. `handle-route.ts` runs the
 * phase. A request over a limit gets an error in the shape of GraphQL.
 */

import { type CompiledAccess, compileAccess } from '../../access/index.ts'
import { emitEvent } from '../../events.ts'
import type { GraphqlRoute } from '../../graphql/route.ts'
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import type { Emit, Reason } from '../../types.ts'
import type { RouteContext } from '../request-context.ts'
import type { Route } from '../routes/route.ts'
import type { GatewaySessions } from './session.ts'

/** The option as requests use it. */
export interface CompiledGraphqlRoute {
  readonly limits: GraphqlRoute
  /** Which sessions may read the schema; undefined where none may. */
  readonly introspection: CompiledAccess | undefined
}

/** Validates the option. */
export function compileGraphql(
  route: Route,
  needs: { readonly session: boolean; readonly roles: boolean },
  issues: Issues,
): CompiledGraphqlRoute | undefined {
  const limits = route.graphql
  if (limits === undefined) return undefined
  const graphqlIssues = issues.at('graphql')
  if (!isRecord(limits) || typeof limits.inspect !== 'function') {
    graphqlIssues.add('', 'must be graphqlLimits({ ... }), or absent')
    return undefined
  }

  if (route.cache) graphqlIssues.add('', 'cannot be combined with cache')

  const { introspection } = limits
  if (introspection === false) return { limits, introspection: undefined }
  if (introspection === true)
    return { limits, introspection: compileAccess('public', graphqlIssues) }

  if (!needs.session)
    graphqlIssues.add('introspection', 'needs a route that is not public, to read the role')

  if (!needs.roles) graphqlIssues.add('introspection', 'needs the option roles of the gateway')
  return { limits, introspection: compileAccess(introspection, graphqlIssues.at('introspection')) }
}

/** The GraphQL of one request, and whether it is allowed. */
export interface GraphqlInspection {
  /** Creates the response to a request that is over a limit, with its event; undefined where the request is within all. */
  readonly reject: (() => Response) | undefined
  /** The response to a query of the schema whose session may not read it. */
  denyIntrospection(session: LoadedSession | undefined): Response | undefined
}

/** Reads and inspects the body of a request, if its route is a GraphQL endpoint. */
export type InspectGraphql = (ctx: RouteContext) => GraphqlInspection | Promise<GraphqlInspection>

const notInspected: GraphqlInspection = {
  reject: undefined,
  denyIntrospection: () => undefined,
}

/** Creates the phase. A body that was read takes its place on the context, so that the upstream reads the same bytes. */
export function createGraphqlInspection(
  emit: Emit,
  sessions: Pick<GatewaySessions, 'checkAccess'>,
): InspectGraphql {
  function reject(ctx: RouteContext, limits: GraphqlRoute, reason: Reason): Response {
    const { request, requestId, metrics, eventContext } = ctx
    if (metrics !== undefined) metrics.reason = reason
    emitEvent(emit, { type: 'graphql-refused', reason, request: requestId }, eventContext)

    return limits.refuse(reason, request, requestId)
  }

  async function inspectBody(
    ctx: RouteContext,
    { limits, introspection }: CompiledGraphqlRoute,
  ): Promise<GraphqlInspection> {
    const inspection = await limits.inspect(ctx.request)
    if (!inspection.ok) {
      return { ...notInspected, reject: () => reject(ctx, limits, inspection.reason) }
    }

    const { body: bodyBytes, introspects } = inspection
    if (bodyBytes !== undefined) {
      ctx.request = new Request(ctx.request, { body: bodyBytes })
      const { maxBytes } = ctx.body
      ctx.body = { body: ctx.request.body ?? undefined, length: bodyBytes.byteLength, maxBytes }
    }

    return {
      reject: undefined,
      denyIntrospection(session) {
        if (!introspects) return undefined
        const mayIntrospect =
          introspection !== undefined && sessions.checkAccess(introspection, session) === undefined
        return mayIntrospect ? undefined : reject(ctx, limits, 'graphql-introspection')
      },
    }
  }

  return function inspectGraphql(ctx) {
    const { graphql } = ctx.route
    return graphql === undefined ? notInspected : inspectBody(ctx, graphql)
  }
}
