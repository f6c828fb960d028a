/**
 * Validates the option `cache` of a route. A cached route must be public, since every client receives the
 * same response; it must not be a login, and must accept GET. `validate-routes.ts` calls it while building.
 * Problems are reported as issues. A value of another kind than `publicCache()` creates is one of them.
 */
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import type { Route } from './route.ts'
import { listMethods } from './table.ts'

/** Validates the option `cache`. An absent option or `false` is valid. */
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
