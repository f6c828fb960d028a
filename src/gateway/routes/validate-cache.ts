/**
 * Validates the option `cache` of a route: a cached route must be public, because every client
 * receives the same response. `validate-routes.ts` calls it. What is wrong is reported as an
 * issue.
 */
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { Route } from './route.ts'
import { listMethods } from './table.ts'

/** Validates that a cached route is public: every client receives the same response. */
export function validateCache(route: Route, issues: Issues): void {
  const cache: unknown = route.cache
  if (cache === undefined || cache === false) return
  if (!isRecord(cache) || typeof cache.serve !== 'function') {
    issues.add('cache', 'must be publicCache({ ... }), or absent')
    return
  }

  if (route.access !== 'public') issues.add('cache', "needs access: 'public'")
  if (route.throttle !== undefined) issues.add('cache', 'cannot be used on a route with throttle')
  if (!route.methods || !Array.isArray(route.methods) || listMethods(route).includes('GET')) return
  issues.add('cache', 'needs a route that accepts GET')
}
