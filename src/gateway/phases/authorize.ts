/**
 * Denies requests whose session may not use the route, or redirects them to the sign-in page.
 * `handle-route.ts` runs this phase after the session was loaded. It returns a response, or
 * undefined for a request that may go on.
 */
import type { LoadedSession } from '../../proxy/forward/context.ts'
import { isNavigation, isPrefetch, repeatRequest } from '../../request/index.ts'
import { signInLocation } from '../../request/sign-in.ts'
import type { FlushableHandle } from '../../session/index.ts'
import type { Reason } from '../../types.ts'
import { type RequestRejecter, redirect } from '../reject.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'
import type { GatewaySessions } from './session.ts'

/** The options of authorization. */
export interface AuthorizeOptions {
  readonly reject: RequestRejecter
  readonly sessions: Pick<GatewaySessions, 'checkAccess'>
  /** Path of the sign-in page; undefined where there is none. */
  readonly signIn: string | undefined
}

/** Returns the response to a request that may not use its route; undefined where it may. */
export type Authorize = (
  ctx: RouteContext,
  session: LoadedSession | undefined,
) => Response | undefined | Promise<Response>

/** Creates the phase. */
export function createAuthorize({ reject, sessions, signIn }: AuthorizeOptions): Authorize {
  /** The event names the user: an audit trail would be of little use without it. */
  async function rejectUser(
    ctx: RouteContext,
    reason: Reason,
    handle: FlushableHandle<object>,
  ): Promise<Response> {
    ctx.eventTags = await handle.tags()
    return reject(ctx, reason)
  }

  return function authorize(ctx, session) {
    const device = ctx.session?.device()
    // The bound cookie expired before a link from elsewhere was followed: once the page reloads, the browser refreshes it.
    if (device?.reload !== undefined && ctx.request.method === 'GET') return device.reload()

    const reason = sessions.checkAccess(ctx.route.access, session)
    if (reason === undefined) return undefined
    if (reason === 'no-session' && device?.isSkipped) return reject(ctx, 'device-not-proved')
    const repetition =
      reason === 'device-proof-too-old' ? repeatRequest(ctx.request, device?.expire) : undefined
    if (repetition !== undefined) return repetition

    if (signIn !== undefined && canSignIn(ctx, reason)) return redirectToSignIn(ctx, signIn)
    const { session: handle } = ctx

    return session === undefined || handle === undefined
      ? reject(ctx, reason)
      : rejectUser(ctx, reason, handle)
  }
}

/**
 * Whether signing in would help, and a person sees the page. A prefetch is not seen by a person.
 */
function canSignIn({ request }: RequestContext, reason: Reason): boolean {
  const signInHelps = reason === 'no-session' || reason === 'session-too-old'
  return signInHelps && isNavigation(request) && !isPrefetch(request)
}

/** After the login the browser comes back to a page that was requested; a form that was sent is not sent again. */
function redirectToSignIn({ request, path, search }: RequestContext, signIn: string): Response {
  return redirect(303, request.method === 'GET' ? signInLocation(signIn, path + search) : signIn)
}
