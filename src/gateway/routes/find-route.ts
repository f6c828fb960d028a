/**
 * Finds the route of a request, and extends the request's context to that of the route. `compile.ts`
 * creates the function, and `handle-request.ts` calls it after the checks of every request. A path that no
 * route matches gets 404, another method 405 with `Allow`. A path with `%2F` that leads to different
 * routes, and a form whose method is unclear, get 400. If the environment is invalid, it throws the error
 * of the settings; with a method override it rejects if the body breaks off.
 */
import { readUrlHost, readUrlHostName } from '../../request/index.ts'
import { preserveEncodedSlashes } from '../checks/encoded-slash.ts'
import type { MethodOverride } from '../checks/method-override.ts'
import { settingsForHost } from '../config/settings.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'
import { recordRoute } from '../watch.ts'
import type { CompiledRoute, RouteMatch, RouteTable } from './table.ts'

/** The context of a request with its route, or the response to a request that has none. */
export type FoundRoute =
  | { readonly type: 'route'; readonly ctx: RouteContext }
  | { readonly type: 'rejected'; readonly rejection: Response }

/** Finds the route of a request. It throws the error of the settings if the environment is invalid. */
export type FindRoute = (ctx: RequestContext) => FoundRoute | Promise<FoundRoute>

/** Creates the function that finds routes in one table. */
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

/** The result for a path with `%2F` that leads to another route if `%2F` is read as a slash. */
interface AmbiguousMatch {
  readonly type: 'ambiguous'
}

/**
 * Matches a request. A path with `%2F` must lead to the same route whether or not `%2F` is read as a slash, and that
 * route must have `encodedSlash: 'keep'`.
 */
function matchRoute(
  routes: RouteTable,
  { head, path, search }: RequestContext,
  method: string = head.method,
): RouteMatch | AmbiguousMatch {
  const host = routes.hosted ? readUrlHostName(head.url) : ''
  const match = routes.match(host, path, method, search)
  // The path check allows `%2F` only if some route has the option `encodedSlash`.
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

/**
 * Adds the fields of a route to the context of a request. The object stays the same, since `create.ts` finishes the
 * response with it even after an error.
 */
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
