/** Remarks on routes whose access differs by method: frameworks take another method than the request's from a form. */
import { patternCovers } from '../../request/path/pattern.ts'
import type { GatewayConfig } from '../config.ts'
import { describeRoute } from '../routes/find-unreachable.ts'
import { isFolded } from '../routes/guards.ts'
import { hostsOverlap } from '../routes/host-pattern.ts'
import { listMethods, type RuledRoute } from '../routes/table.ts'
import { isLessRestrictive } from './table.ts'

/** A `_method` can only be sent in the body of a POST. */
const overridden = ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS']

/** Remarks on every pair of which the route of a POST asks for less than the route of another method on the same paths. */
export function reviewMethods(
  routes: readonly RuledRoute[],
  upstreams: GatewayConfig<string, never, never>['upstreams'],
): string[] {
  return routes.flatMap((strict, index) => {
    const methods = listMethods(strict.route).filter((method) => overridden.includes(method))
    if (methods.length === 0 || listMethods(strict.route).includes('POST')) return []
    return routes.flatMap((lax, place) => {
      if (
        !listMethods(lax.route).includes('POST') ||
        !meet(strict, lax) ||
        !isLessRestrictive(lax, strict)
      )
        return []
      if (upstreams[lax.route.to]?.methodOverride !== undefined) return []
      return [
        `routes.${index} (${describeRoute(strict)}) guards ${methods.join(', ')}, and routes.${place} (${describeRoute(lax)}) asks less of a POST there: ` +
          `Rails, Laravel, Symfony and Spring take the method from _method in its form. Say methodOverride: methodOverride() on the upstream ` +
          `${JSON.stringify(lax.route.to)}, or guard POST alike.`,
      ]
    })
  })
}

function meet(one: RuledRoute, other: RuledRoute): boolean {
  if (!hostsOverlap(one.route.host, other.route.host)) return false
  const [a, b] = [one.route.path, other.route.path]
  return patternCovers(a, b, isFolded(one)) || patternCovers(b, a, isFolded(other))
}
