/**
 * Decides whether a route guards its path by access, and whether it also matches other spellings of the
 * path. The route table, its aliases, the search for unreachable routes, the combination of routes and the
 * review call it. Both functions are pure and do not throw. Rate limits and csrf do not count as guards.
 */
import type { CompiledAccess } from '../../access/index.ts'
import type { RuledRoute } from './table.ts'

/**
 * Whether a route also matches other spellings of its path, such as `/Admin/` for `/admin`. A guard or a limit must not
 * miss a spelling that the upstream accepts.
 */
export function isFolded({ route, access }: RuledRoute): boolean {
  const { throttle, limit, graphql, caseSensitive } = route
  const isWatched =
    isGuarded(access) || throttle !== undefined || graphql !== undefined || Boolean(limit)
  return isWatched && caseSensitive !== true
}

/** Whether the access rule can deny a request: it needs a session or a client address. */
export function isGuarded({ session, ranges }: CompiledAccess): boolean {
  return session || ranges !== undefined
}
