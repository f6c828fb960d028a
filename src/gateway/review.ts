/** What is allowed in a configuration and still worth a second look, for `npm run check:config`. */
import type { ChosenStrategy } from '../session/index.ts'
import type { GatewayConfig } from './config.ts'
import { cannotKeep } from './judge-routes.ts'
import type { Route } from './route.ts'
import { patternCovers } from './routes.ts'

/**
 * Remarks on a configuration that {@link createGateway} accepts, one sentence each: routes taken out of guarded ones,
 * upstreams nobody is sent to, what the kind of sessions cannot keep.
 */
export function reviewGateway<N extends string, Data extends object, E>(
  config: GatewayConfig<N, Data, E>,
): readonly string[] {
  const routes: readonly Route[] = config.routes
  const isPublic = (route: Route): boolean => route.access === 'public'
  const remarks: string[] = []
  const choices = (config.session as Partial<ChosenStrategy<Data>> | undefined)?.choices ?? [config.session]
  const lacking = choices.flatMap(cannotKeep)
  for (const [index, route] of routes.entries()) {
    for (const [at, later] of routes.entries()) {
      if (at <= index || later.path === route.path || !patternCovers(later.path, route.path)) continue
      if (isPublic(route) && !isPublic(later)) {
        remarks.push(`routes.${index} (${route.path}) is public and takes its paths from routes.${at} (${later.path}).`)
      }
    }
    if (route.caseSensitive && !isPublic(route)) {
      remarks.push(`routes.${index} (${route.path}) guards one spelling: the upstream must tell others apart.`)
    }
    if (route.startOnGet) {
      remarks.push(
        `routes.${index} (${route.path}) starts sessions on GET: the upstream must bind them to the browser.`,
      )
    }
    if (lacking.includes('endAll') && route.sessions?.includes('end')) {
      const are = choices.length > 1 ? 'are stateless in some environments' : 'are stateless'
      remarks.push(
        `routes.${index} (${route.path}) ends sessions, which ${are}: end() only clears the cookie, and a copy of ` +
          'it lives until its own end.',
      )
    }
    const wanting = new Set(lacking.filter((verb) => route.sessions?.includes(verb)))
    if (wanting.size > 0) {
      remarks.push(
        `routes.${index} (${route.path}) grants ${[...wanting].join(' and ')}, which only stored sessions can keep: where ` +
          'they are stateless there is no list, and the other verbs are a 503.',
      )
    }
  }
  for (const name of Object.keys(config.upstreams)) {
    if (!routes.some((route) => route.to === name)) remarks.push(`upstreams.${name} is where no route leads.`)
  }
  return remarks
}
