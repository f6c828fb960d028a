/**
 * Applies the option `graphql` of a route: limits GraphQL requests and decides who may read the schema
 * (introspection). `routes/validate-routes.ts` calls `compileGraphql` while building, `phases/list.ts`
 * creates the phase, and `handle-route.ts` runs it. A request over a limit, or a query of the schema that
 * is not allowed, gets an error in the format of GraphQL and emits `graphql-refused`. The body is read
 * whole and replaced on the context by the same bytes. Reading rejects if the client disconnects. Wrong
 * options are reported as issues.
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

/** The compiled option `graphql` of a route. */
export interface CompiledGraphqlRoute {
  readonly limits: GraphqlRoute
  /** The access rule for queries of the schema; undefined if nobody may read it. */
  readonly introspection: CompiledAccess | undefined
}

/**
 * Validates and compiles the option `graphql`.
 *
 * @param needs - what introspection by role needs: whether the route needs a session, and the gateway has the option
 *   `roles`.
 */
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
    graphqlIssues.add('introspection', 'needs a route that is not public, since it reads the role')

  if (!needs.roles) graphqlIssues.add('introspection', 'needs the option roles of the gateway')
  return { limits, introspection: compileAccess(introspection, graphqlIssues.at('introspection')) }
}

/** The result of inspecting one request. */
export interface GraphqlInspection {
  /**
   * Emits the event of a request over a limit and returns its response; undefined if the request is within all limits.
   */
  readonly reject: (() => Response) | undefined
  /**
   * Returns the response to a query of the schema that the session may not read; undefined if the request is allowed.
   */
  denyIntrospection(session: LoadedSession | undefined): Response | undefined
}

/** Reads and inspects the body of a request whose route has the option `graphql`. */
export type InspectGraphql = (ctx: RouteContext) => GraphqlInspection | Promise<GraphqlInspection>

const notInspected: GraphqlInspection = {
  reject: undefined,
  denyIntrospection: () => undefined,
}

/** Creates the phase. A body that was read is put back on the context, so that the upstream receives the same bytes. */
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
