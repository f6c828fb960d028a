/**
 * Combines routes whose pages may be the same page of the upstream, so that the requirements of all of them
 * hold. `aliases.ts` combines the routes of a page's aliases, and `method-override.ts` those of the methods
 * that a form names. A combined route is never less strict than one of its routes, and it is not cached.
 * Its login throttle and GraphQL limits are those of one route only. The functions do not throw.
 */
import { combineAccess } from '../../access/index.ts'
import type { CrossOriginPolicy } from '../../csrf/index.ts'
import type { BodyRules } from '../../request/index.ts'
import { isGuarded } from './guards.ts'
import type { CompiledRoute } from './table.ts'

/** Whether the other route may deny, limit or count a request that `route` allows. */
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
 * Creates a route with the upstream of the first one and the guards of all: a request must satisfy
 * every access rule and counts against every limit. The smallest maximum of a body applies, and only
 * origins that all routes trust. The login throttle and the GraphQL limits are those of the first
 * route that has them, since a request is only one login. Responses are not cached, since they were
 * authorized for one client.
 */
export function strictestRoute(
  route: CompiledRoute,
  others: readonly CompiledRoute[],
): CompiledRoute {
  const allRoutes = [route, ...others]
  return {
    ...route,
    route: { ...route.route, cache: false },
    checks: undefined,
    access: combineAccess(allRoutes.map(({ access }) => access)),
    csrf: allRoutes.map(({ csrf }) => csrf).reduce(combineCsrf),
    body: allRoutes.map((candidate) => candidate.body).reduce(combineBodies),
    limits: [...new Set(allRoutes.flatMap(({ limits = [] }) => limits))],
    throttle: allRoutes.find(({ throttle }) => throttle !== undefined)?.throttle,
    graphql: allRoutes.find(({ graphql }) => graphql !== undefined)?.graphql,
  }
}

/**
 * Combines two policies. Those of one gateway only differ in the origins that they trust, so only these are combined.
 */
function combineCsrf(
  firstRules: CrossOriginPolicy | undefined,
  secondRules: CrossOriginPolicy | undefined,
): CrossOriginPolicy | undefined {
  if (firstRules === undefined || secondRules === undefined || firstRules === secondRules)
    return firstRules ?? secondRules

  const trustedOrigins = [...firstRules.trustedOrigins].filter((origin) =>
    secondRules.trustedOrigins.has(origin),
  )
  return trustedOrigins.length === firstRules.trustedOrigins.size
    ? firstRules
    : { ...firstRules, trustedOrigins: new Set(trustedOrigins) }
}

function combineBodies(firstRules: BodyRules, secondRules: BodyRules): BodyRules {
  const typeChecks = [firstRules.types, secondRules.types].filter(
    (takesType) => takesType !== undefined,
  )
  return {
    ...firstRules,
    maxBytes: Math.min(firstRules.maxBytes, secondRules.maxBytes),
    types:
      typeChecks.length === 0
        ? undefined
        : (headers) => typeChecks.every((takesType) => takesType(headers)),
  }
}
