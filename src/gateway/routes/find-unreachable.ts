/**
 * Validates that the sign-in page is public, and compares and describes routes. `validate-routes.ts` calls it while
 * building, and the review uses its comparison and its description. Problems are reported as issues. Of several hosts
 * whose sign-in page is wrong, only the first is reported.
 */
import type { Issues } from '../../options/index.ts'
import { canonicalPath } from '../../request/index.ts'
import { patternCovers } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { hostCovers } from './host-pattern.ts'
import { type CompiledRoute, compileRoutes, type RuledRoute } from './table.ts'

/** Whether the pattern of one route matches every host and path that the pattern of the other matches. */
export function coversAll(outer: RuledRoute, inner: RuledRoute): boolean {
  return (
    hostCovers(outer.route.host, inner.route.host) &&
    patternCovers(outer.route.path, inner.route.path, isFolded(outer))
  )
}

/** Describes a route by its host and path, for messages. */
export function describeRoute({ route }: RuledRoute): string {
  return `${route.host ?? ''}${route.path}`
}

/**
 * Validates that the sign-in page is public on every host whose routes redirect to it, since a redirect
 * stays on the host of the request.
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
    // For `*.example.com`, the match is tested with a name that no other route is likely to have.
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
