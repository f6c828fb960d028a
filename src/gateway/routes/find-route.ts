/**
 * Finds the route of a request, and turns its context into that of a route. `handle-request.ts`
 * calls it after the checks. A request without a route gets 404, one with another method 405; it
 * throws the settings' error where the environment is invalid.
 */
import { readUrlHost, readUrlHostName } from '../../request/index.ts'
import { preserveEncodedSlashes } from '../checks/encoded-slash.ts'
import type { MethodOverride } from '../checks/method-override.ts'
import { settingsForHost } from '../config/settings.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'
import { recordRoute } from '../watch.ts'
import type { CompiledRoute, RouteMatch, RouteTable } from './table.ts'

/** A request with its route, or the response to one that has none. */
export type FoundRoute =
  | { readonly type: 'route'; readonly ctx: RouteContext }
  | { readonly type: 'rejected'; readonly rejection: Response }

/** Finds the route of a request. It throws where the environment cannot be served. */
export type FindRoute = (ctx: RequestContext) => FoundRoute | Promise<FoundRoute>

/** Creates the function for one table. */
export function createFindRoute(routes: RouteTable, reject: RequestRejecter): FindRoute {
  function rejectWith(...rejection: Parameters<RequestRejecter>): FoundRoute {
    return { type: 'rejected', rejection: reject(...rejection) }
  }

  async function findOverridden(
    override: MethodOverride['findRoute'],
    ctx: RequestContext,
    ownMatch: Extract<RouteMatch, { readonly type: 'route' }>,
  ): Promise<FoundRoute> {
    const match = await override(ctx, ownMatch.route, (method) => {
      const otherMatch = matchRoute(routes, ctx, method)
      return otherMatch.type === 'ambiguous' ? ownMatch : otherMatch
    })
    if (match.type === 'unclear') return rejectWith(ctx, 'body-malformed')
    if (match.type === 'route') return { type: 'route', ctx: enterRoute(ctx, match.route) }
    const allow = match.type === 'method' ? match.allow : ''

    return rejectWith(ctx, 'method-not-allowed', [['Allow', allow]])
  }

  return function findRoute(ctx) {
    if (ctx.settings === undefined) throw ctx.settingsError
    const ownMatch = matchRoute(routes, ctx)
    if (ownMatch.type !== 'route') return rejectWith(ctx, ...describeMismatch(ownMatch))

    const override = ownMatch.route.upstream?.methodOverride
    return override === undefined
      ? { type: 'route', ctx: enterRoute(ctx, ownMatch.route) }
      : findOverridden(override, ctx, ownMatch)
  }
}

/** A path with `%2F` whose two readings lead to different routes. */
interface AmbiguousMatch {
  readonly type: 'ambiguous'
}

/** Matches a request. Both readings of a path with `%2F` must lead to one route, and that route must take such paths. */
function matchRoute(
  routes: RouteTable,
  { head, path, search }: RequestContext,
  method: string = head.method,
): RouteMatch | AmbiguousMatch {
  const host = routes.hosted ? readUrlHostName(head.url) : ''
  const match = routes.match(host, path, method, search)
  // Only the check of the path lets such a path pass, and only where some route takes it.
  const openedPath = hasEncodedSlash(path) ? preserveEncodedSlashes(head.url)?.opened : undefined
  if (openedPath === undefined) return match

  const openedMatch = routes.match(host, openedPath, method, search)
  const readingsAgree =
    match.type === 'route' && openedMatch.type === 'route' && match.route === openedMatch.route

  return readingsAgree && match.route.route.encodedSlash === 'keep' ? match : { type: 'ambiguous' }
}

function hasEncodedSlash(path: string): boolean {
  return path.includes('%') && /%2f/i.test(path)
}

function describeMismatch(
  match: Exclude<RouteMatch | AmbiguousMatch, { readonly type: 'route' }>,
): Parameters<RequestRejecter> extends [RequestContext, ...infer Rest] ? Rest : never {
  if (match.type === 'ambiguous') return ['path-not-canonical']
  if (match.type === 'none') return ['no-route']
  return ['method-not-allowed', [['Allow', match.allow]]]
}

/** Adds to a context what its route decides. It stays the same object: the response is made by it, whatever happens next. */
function enterRoute(ctx: RequestContext, route: CompiledRoute): RouteContext {
  const { head, settings } = ctx
  const { upstream } = route
  if (settings === undefined || upstream === undefined) {
    throw new TypeError('A route was compiled without an upstream or settings')
  }

  recordRoute(ctx, route.route)
  if (route.secure !== undefined) ctx.response.headers = route.secure
  const namesHost = route.route.host !== undefined

  return Object.assign(ctx, {
    settings: namesHost ? settingsForHost(settings, readUrlHost(head.url)) : settings,
    route,
    upstream,
    client: upstream.connect?.(ctx.invocation) ?? ctx.client,
    rules: route.route,
    body: { body: undefined, length: undefined, maxBytes: route.body.maxBytes },
    hops: 0,
    upgrade: false,
  })
}
