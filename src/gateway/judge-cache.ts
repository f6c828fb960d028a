/** Judges the option `cache` of a route. */
import type { Faults } from '../options/index.ts'
import type { Route } from './route.ts'
import { methodsOf } from './routes.ts'
import { isObject } from './upstreams.ts'

/** What is kept for everybody is asked for by nobody in particular. */
export function judgeCache(route: Route, faults: Faults): void {
  const cache: unknown = route.cache
  if (cache === undefined || cache === false) return
  if (!isObject(cache) || typeof cache.serve !== 'function') {
    faults.add('cache', 'must be publicCache({ ... }), or absent')
    return
  }
  if (route.access !== 'public') faults.add('cache', "needs access: 'public'")
  if (route.throttle !== undefined) faults.add('cache', 'must not stand on a login')
  if (!route.methods || !Array.isArray(route.methods) || methodsOf(route).includes('GET')) return
  faults.add('cache', 'needs a route that takes GET')
}
