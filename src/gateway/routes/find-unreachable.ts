/** Validates what routes are together: each can be reached, and the sign-in page by everybody. */
import type { Issues } from '../../options/index.ts'
import { canonicalPath } from '../../request/index.ts'
import { patternCovers } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { hostCovers } from './host-pattern.ts'
import { type CompiledRoute, compileRoutes, listMethods, type RuledRoute } from './table.ts'

/** The last route must be reachable: what an earlier one covers altogether was meant to come first. */
export function findUnreachable(routes: readonly CompiledRoute[], issues: Issues): void {
  const last = routes.at(-1)
  if (last === undefined) return
  const left = new Set(listMethods(last.route))
  for (const compiled of routes.slice(0, -1)) {
    const { route } = compiled
    if (route.path === last.route.path && route.host === last.route.host) {
      for (const method of listMethods(route)) left.delete(method)
    } else if (coversAll(compiled, last)) left.clear()
    if (left.size > 0) continue
    issues.add(
      'path',
      `is never reached: ${JSON.stringify(describeRoute(compiled))} stands before it`,
    )
    return
  }
}

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

/** The sign-in page is public wherever somebody is sent to it: a redirect there stays on the host that was asked. */
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
  const table = compileRoutes(routes)
  const guarded = routes.filter(({ access }) => access.session)
  const hosts = new Set((guarded.length > 0 ? guarded : routes).map(({ route }) => route.host))
  for (const host of hosts) {
    // Of a domain or of any host some name that no other route is likely to have.
    const name = host?.replace('*', 'portcullis-sign-in') ?? ''
    const match = table.match(name, signIn, 'GET')
    if (match.type === 'route' && !isGuarded(match.route.access)) continue
    const where = host === undefined ? '' : ` on ${host}`
    issues.add(
      'signIn',
      `must lead to a public route that takes GET${where}, or visitors would be sent round in circles`,
    )
    return
  }
}
