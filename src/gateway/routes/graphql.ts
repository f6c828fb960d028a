/** The option `graphql` of a route: judged while building, and asked of each of its requests. */
import { type CompiledAccess, compileAccess } from '../../access/index.ts'
import type { GraphqlRoute } from '../../graphql/route.ts'
import type { Issues } from '../../options/index.ts'
import type { Reason } from '../../types.ts'
import { checkAccess, type LoadedSession } from '../checks/load-session.ts'
import type { CompiledGateway } from '../compile.ts'
import type { RequestContext } from '../request-context.ts'
import { isObject } from '../upstreams.ts'
import type { Route } from './route.ts'

/** As requests use it. */
export interface CompiledGraphqlRoute {
  readonly limits: GraphqlRoute
  /** Who may ask for the schema; undefined: nobody. */
  readonly shown: CompiledAccess | undefined
}

/** Judges the option. */
export function compileGraphql(
  route: Route,
  needs: { readonly session: boolean; readonly roles: boolean },
  issues: Issues,
): CompiledGraphqlRoute | undefined {
  const limits = route.graphql
  if (limits === undefined) return undefined
  const at = issues.at('graphql')
  if (!isObject(limits) || typeof limits.inspect !== 'function') {
    at.add('', 'must be graphqlLimits({ ... }), or absent')
    return undefined
  }
  if (route.cache) at.add('', 'must not stand beside cache')
  const { introspection } = limits
  if (introspection === false) return { limits, shown: undefined }
  if (introspection === true) return { limits, shown: compileAccess('public', at) }
  if (!needs.session) at.add('introspection', 'needs a route that is not public to know a role')
  if (!needs.roles) at.add('introspection', 'needs the option roles of the gateway')
  return { limits, shown: compileAccess(introspection, at.at('introspection')) }
}

/** What was found in a request: the body to hand on, where it had one; or the answer to it. */
export type GraphqlResult =
  | { readonly refused: Response }
  | {
      readonly refused: undefined
      readonly body:
        | { readonly body: ReadableStream<Uint8Array> | undefined; readonly length: number }
        | undefined
      /** The answer to a question about the schema by somebody who may not ask; undefined for all else. */
      judge(who: LoadedSession | undefined): Response | undefined
    }

/** Reads a request. What was read takes its place in the visit, so that whoever reads on reads the same. */
export async function inspectRouteGraphql(
  plan: CompiledGateway,
  visit: RequestContext,
  { limits, shown }: CompiledGraphqlRoute,
): Promise<GraphqlResult> {
  const { request, requestId } = visit
  const refuse = (reason: Reason): Response => {
    if (visit.notes !== undefined) visit.notes.reason = reason
    plan.emit({ type: 'graphql-refused', reason, request: requestId })
    return limits.refuse(reason, request, requestId)
  }
  const found = await limits.inspect(request)
  if (!found.ok) return { refused: refuse(found.reason) }
  const { body: bytes, introspects } = found
  if (bytes !== undefined) visit.request = new Request(request, { body: bytes })
  return {
    refused: undefined,
    body: bytes && { body: visit.request.body ?? undefined, length: bytes.byteLength },
    judge(who) {
      if (!introspects) return undefined
      const shows = shown !== undefined && checkAccess(plan, shown, who) === undefined
      return shows ? undefined : refuse('graphql-introspection')
    },
  }
}
