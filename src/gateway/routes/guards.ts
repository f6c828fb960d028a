/**
 * Tells whether a route guards its path, and whether other spellings of the path count. The route
 * table, its aliases and the review call it. Both functions are pure and never throw.
 */
import type { CompiledAccess } from '../../access/index.ts'
import type { RuledRoute } from './table.ts'

/** Whether a route also takes other spellings of its path: a guard must not miss one that its upstream takes. */
export function isFolded({ route, access }: RuledRoute): boolean {
  const { throttle, limit, graphql, caseSensitive } = route
  const isWatched =
    isGuarded(access) || throttle !== undefined || graphql !== undefined || Boolean(limit)
  return isWatched && caseSensitive !== true
}

/** Whether some requests may not pass. */
export function isGuarded({ session, ranges }: CompiledAccess): boolean {
  return session || ranges !== undefined
}
