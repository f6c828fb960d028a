/**
 * Reviews routes whose access differs by method. A framework that reads a method from a form may treat a
 * POST as a DELETE, so a stricter route for DELETE can be bypassed. `review.ts` calls it. It returns one
 * sentence for each pair of such routes; it throws nothing and changes nothing. Routes whose paths only
 * overlap by an alias are not found.
 */
import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { describeRoute } from '../routes/find-unreachable.ts'
import { isFolded } from '../routes/guards.ts'
import { hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'
import { isLessRestrictive } from './table.ts'

/** Methods that the field `_method` of a form can name. The form itself is always sent by POST. */
const overridableMethods = ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS']

/**
 * Finds pairs of routes on the same paths in which the route for POST requires less than the one for another method.
 */
export function reviewMethods(
  routes: readonly RuledRoute[],
  upstreams: GatewayConfig<string, never, never>['upstreams'],
): string[] {
  return routes.flatMap((stricterRoute, index) => {
    const methods = listMethods(stricterRoute.route).filter((method) =>
      overridableMethods.includes(method),
    )
    if (methods.length === 0 || listMethods(stricterRoute.route).includes('POST')) return []
    return routes.flatMap((laxerRoute, laxIndex) => {
      if (
        !listMethods(laxerRoute.route).includes('POST') ||
        !routesOverlap(stricterRoute, laxerRoute) ||
        !isLessRestrictive(laxerRoute, stricterRoute)
      )
        return []

      if (upstreams[laxerRoute.route.to]?.methodOverride !== undefined) return []
      return [
        `routes.${index} (${describeRoute(stricterRoute)}) guards ` +
          `${methods.join(', ')}, and routes.${laxIndex} (${describeRoute(laxerRoute)}) ` +
          'requires less for a POST to the same paths. Rails, Laravel, Symfony and Spring can ' +
          'read the method from _method in its form. Set methodOverride: methodOverride() on ' +
          `the upstream ${JSON.stringify(laxerRoute.route.to)}, or guard POST in the same way.`,
      ]
    })
  })
}

function routesOverlap(firstRoute: RuledRoute, secondRoute: RuledRoute): boolean {
  if (!hostsOverlap(firstRoute.route.host, secondRoute.route.host)) return false
  const [firstPath, secondPath] = [firstRoute.route.path, secondRoute.route.path]
  return (
    patternCovers(firstPath, secondPath, isFolded(firstRoute)) ||
    patternCovers(secondPath, firstPath, isFolded(secondRoute))
  )
}
