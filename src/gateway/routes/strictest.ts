/** Combines routes that name one page under several paths: what each of them asks for holds. */
import { combineAccess } from '../../access/index.ts'
import type { CrossOriginPolicy } from '../../csrf/index.ts'
import type { BodyRules } from '../../request/index.ts'
import { isGuarded } from './guards.ts'
import type { CompiledRoute } from './table.ts'

/** Whether a route may refuse or count what another one lets through. */
export function asksMore(other: CompiledRoute, route: CompiledRoute): boolean {
  if (other === route) return false
  const { access, throttle, graphql, limits = [], csrf, body } = other
  return (
    isGuarded(access) ||
    throttle !== undefined ||
    graphql !== undefined ||
    limits.some((limit) => !route.limits?.includes(limit)) ||
    (csrf !== undefined && combineCsrf(route.csrf, csrf) !== route.csrf) ||
    body.maxBytes < route.body.maxBytes ||
    (body.types !== undefined && body.types !== route.body.types)
  )
}

/**
 * A route that leads where the first one does, with the guards of all: every access rule must be satisfied, every limit
 * counts, the shortest body and the fewest origins hold. The login throttle and the GraphQL limits are those of the first
 * route that has them, since a request is one login. Nothing is cached: an answer that was checked is nobody else's.
 */
export function strictestRoute(
  route: CompiledRoute,
  others: readonly CompiledRoute[],
): CompiledRoute {
  const all = [route, ...others]
  return {
    ...route,
    route: { ...route.route, cache: false },
    checks: undefined,
    access: combineAccess(all.map(({ access }) => access)),
    csrf: all.map(({ csrf }) => csrf).reduce(combineCsrf),
    body: all.map((each) => each.body).reduce(combineBodies),
    limits: [...new Set(all.flatMap(({ limits = [] }) => limits))],
    throttle: all.find(({ throttle }) => throttle !== undefined)?.throttle,
    graphql: all.find(({ graphql }) => graphql !== undefined)?.graphql,
  }
}

/** The routes of one gateway differ in nothing but the origins that they trust. */
function combineCsrf(
  one: CrossOriginPolicy | undefined,
  other: CrossOriginPolicy | undefined,
): CrossOriginPolicy | undefined {
  if (one === undefined || other === undefined || one === other) return one ?? other
  const trustedOrigins = [...one.trustedOrigins].filter((origin) =>
    other.trustedOrigins.has(origin),
  )
  return trustedOrigins.length === one.trustedOrigins.size
    ? one
    : { ...one, trustedOrigins: new Set(trustedOrigins) }
}

function combineBodies(one: BodyRules, other: BodyRules): BodyRules {
  const types = [one.types, other.types].filter((takes) => takes !== undefined)
  return {
    ...one,
    maxBytes: Math.min(one.maxBytes, other.maxBytes),
    types: types.length === 0 ? undefined : (headers) => types.every((takes) => takes(headers)),
  }
}
