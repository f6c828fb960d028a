/**
 * Remarks on routes whose access differs by method, because frameworks read a method from a form
 * that differs from the request's. `review.ts` calls it. It returns sentences and changes nothing.
 */
import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { describeRoute } from '../routes/find-unreachable.ts'
import { isFolded } from '../routes/guards.ts'
import { hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'
import { isLessRestrictive } from './table.ts'

/** Methods that a form can name in `_method`, which is only sent in the body of a POST. */
const overridden = ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS']

/** Reviews pairs of routes on the same paths, where the one for POST requires less than the one for another method. */
export function reviewMethods(
  routes: readonly RuledRoute[],
  upstreams: GatewayConfig<string, never, never>['upstreams'],
): string[] {
  return routes.flatMap((stricterRoute, index) => {
    const methods = listMethods(stricterRoute.route).filter((method) => overridden.includes(method))
    if (methods.length === 0 || listMethods(stricterRoute.route).includes('POST')) return []
    return routes.flatMap((laxerRoute, laxIndex) => {
      if (
        !listMethods(laxerRoute.route).includes('POST') ||
        !meet(stricterRoute, laxerRoute) ||
        !isLessRestrictive(laxerRoute, stricterRoute)
      )
        return []

      if (upstreams[laxerRoute.route.to]?.methodOverride !== undefined) return []
      return [
        `routes.${index} (${describeRoute(stricterRoute)}) guards ` +
          `${methods.join(', ')}, and routes.${laxIndex} (${describeRoute(laxerRoute)}) ` +
          'requires less of a POST there: Rails, Laravel, Symfony and Spring read ' +
          'the method from _method in its form. Set methodOverride: methodOverride() on the upstream ' +
          `${JSON.stringify(laxerRoute.route.to)}, or guard POST in the same way.`,
      ]
    })
  })
}

function meet(firstRoute: RuledRoute, secondRoute: RuledRoute): boolean {
  if (!hostsOverlap(firstRoute.route.host, secondRoute.route.host)) return false
  const [firstPath, secondPath] = [firstRoute.route.path, secondRoute.route.path]
  return (
    patternCovers(firstPath, secondPath, isFolded(firstRoute)) ||
    patternCovers(secondPath, firstPath, isFolded(secondRoute))
  )
}
