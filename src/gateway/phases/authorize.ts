/**
 * Checks the session of a request against the access rule of its route. `phases/list.ts` creates the
 * phase. `handle-route.ts` runs it after the session was loaded, and the console calls it with a rule of
 * its own. It returns undefined for a request that may go on; otherwise a rejection (401 or 403), a
 * redirect to the sign-in page, or a response after which the browser repeats the request with a new proof
 * of its device. It rejects only if the tags of the session cannot be read for the event.
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
  /** Path of the sign-in page; undefined if there is none. */
  readonly signIn: string | undefined
}

/** Returns the response to a request that may not use its route; undefined if it may. */
export type Authorize = (
  ctx: RouteContext,
  session: LoadedSession | undefined,
) => Response | undefined | Promise<Response>

/** Creates the phase that authorizes requests. */
export function createAuthorize({ reject, sessions, signIn }: AuthorizeOptions): Authorize {
  /**
   * Rejects a request that has a session. The event gets the tags of the session, so that an audit trail names the
   * user.
   */
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
    // The device-bound cookie has expired, and a link of another site was followed. The response reloads the page, and
    // the browser refreshes the cookie before that.
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
 * Whether signing in would help, and the request is a navigation whose page a person sees, unlike that of a prefetch.
 */
function canSignIn({ request }: RequestContext, reason: Reason): boolean {
  const signInHelps = reason === 'no-session' || reason === 'session-too-old'
  return signInHelps && isNavigation(request) && !isPrefetch(request)
}

/**
 * Redirects to the sign-in page. After the login the browser returns to the page of a GET; a form is not sent again.
 */
function redirectToSignIn({ request, path, search }: RequestContext, signIn: string): Response {
  return redirect(303, request.method === 'GET' ? signInLocation(signIn, path + search) : signIn)
}
