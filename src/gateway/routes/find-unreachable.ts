/**
 * Validates that the sign-in page is public, and compares two routes. `validate-routes.ts` calls
 * it, and the review shares its comparisons. What it finds is reported as issues.
 */
import type { Issues } from '../../options/index.ts'
import { canonicalPath } from '../../request/index.ts'
import { patternCovers } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { hostCovers } from './host-pattern.ts'
import { type CompiledRoute, compileRoutes, type RuledRoute } from './table.ts'

/** Whether one route's pattern covers every host and path of another's. */
export function coversAll(outer: RuledRoute, inner: RuledRoute): boolean {
  return (
    hostCovers(outer.route.host, inner.route.host) &&
    patternCovers(outer.route.path, inner.route.path, isFolded(outer))
  )
}

/** Host and path of a route, for messages. */
export function describeRoute({ route }: RuledRoute): string {
  return `${route.host ?? ''}${route.path}`
}

/**
 * Validates that the sign-in page is public on every host that redirects to it: a redirect stays on
 * the host of the request.
 */
export function validateSignIn(
  signIn: unknown,
  routes: readonly CompiledRoute[],
  issues: Issues,
): void {
  if (signIn === undefined) return
  const canonical =
    typeof signIn === 'string' && signIn.startsWith('/')
      ? canonicalPath(`http://host${signIn}`)
      : undefined
  if (!canonical?.ok || canonical.path !== signIn) {
    issues.add('signIn', 'must be a canonical path without a query, such as /login')
    return
  }

  const routeTable = compileRoutes(routes)
  const guardedRoutes = routes.filter(({ access }) => access.session)
  const hosts = new Set(
    (guardedRoutes.length > 0 ? guardedRoutes : routes).map(({ route }) => route.host),
  )
  for (const host of hosts) {
    // For a domain or any host: a name that no other route is likely to have.
    const probeHost = host?.replace('*', 'portcullis-sign-in') ?? ''
    const match = routeTable.match(probeHost, signIn, 'GET')
    if (match.type === 'route' && !isGuarded(match.route.access)) continue
    const hostSuffix = host === undefined ? '' : ` on ${host}`
    issues.add(
      'signIn',
      `must be the path of a public route that accepts GET${hostSuffix}, or the redirect would loop`,
    )

    return
  }
}
