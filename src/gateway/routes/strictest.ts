/**
 * Combines routes that name one page under several paths: the requirements of each of them hold.
 * Aliases and the method override call it. The result is never less strict than one of its routes.
 */
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
 * Creates a route that leads where the first one does, with the guards of all: every access rule
 * must be satisfied, every limit counts, the shortest body and the fewest origins hold. The login
 * throttle and the GraphQL limits are those of the first route that has them, since a request is
 * one login. Nothing is cached: the response was authorized for one client.
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

/** The routes of one gateway differ in nothing but the origins that they trust. */
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
