/**
 * Forwards an authorized request to its upstream, through the cache of its route if there is one.
 * `phases/list.ts` creates the phase, and `handle-route.ts` runs it last; the login may wrap it. It
 * rejects with upstream errors such as `ERR_UPSTREAM_TIMEOUT`, with a `BodyError` for a body that is too
 * long, and with errors of the session store. `respond-to-error.ts` maps them. Afterwards cached
 * responses that the request has changed are invalidated.
 */

import type { InvalidateCache } from '../../proxy/cache/invalidate.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import type { Forward } from '../../proxy/forward/forward.ts'
import { type CacheServices, forwardCached } from '../forward/forward-cached.ts'
import { hideErrorDetails } from '../forward/hide-errors.ts'
import type { RouteContext } from '../request-context.ts'
import type { LoginScope, SendLogin } from './login.ts'

/** The options of the phase that forwards requests. */
export interface ForwardPhaseOptions extends CacheServices {
  readonly forward: Forward<RouteContext>
  /** Removes outdated responses from the cache; undefined if no route has a cache. */
  readonly invalidateCache: InvalidateCache | undefined
}

/** Forwards the request of a route. */
export type ForwardRoute = (
  ctx: RouteContext,
  session: LoadedSession | undefined,
  login: LoginScope,
) => Promise<Response>

/** Creates the phase that forwards requests. */
export function createForwardPhase(options: ForwardPhaseOptions): ForwardRoute {
  const { forward, invalidateCache } = options

  return async function forwardRoute(ctx, session, login) {
    const { cache } = ctx.route.route
    const send: SendLogin = (changes = {}) => {
      if (changes.login !== undefined || !cache) {
        return forward(changes.ctx ?? ctx, session, { login: changes.login })
      }
      return forwardCached(options, cache, ctx, (sharedRequest) =>
        forward(ctx, session, { shared: sharedRequest }),
      )
    }

    const response = await login.forward(send)
    if (invalidateCache !== undefined) await invalidateCache(ctx, response)

    return ctx.upstream.hideErrors ? hideErrorDetails(response, ctx) : response
  }
}
