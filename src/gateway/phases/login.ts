/**
 * Begins the login attempt of a request whose route has the option `throttle`. The attempt is a scope
 * around everything that follows: however the request ends, the attempt is settled. `phases/list.ts` lists
 * the phase, and `handle-route.ts` runs it and calls `end` in a `finally`; the login throttle implements
 * the scope. Other routes get a scope that does nothing. It rejects with `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED` if the attempt cannot be counted, and the login is then not tried.
 */
import type { LoadedSession, LoginAttemptHooks } from '../../proxy/forward/context.ts'
import type { RouteContext } from '../request-context.ts'

/** Changes that a login makes to the forwarding of one request. */
export interface LoginChanges {
  readonly login?: LoginAttemptHooks
  /** The context of another request in place of the client's, such as one for the form of the login. */
  readonly ctx?: RouteContext
}

/** Forwards the request of a login. */
export type SendLogin = (changes?: LoginChanges) => Promise<Response>

/** The login attempt of one request. */
export interface LoginScope {
  /**
   * Counts the attempt, unless it was counted together with the rate limits. It returns the response to a login that is
   * denied.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where the attempt cannot be counted
   */
  deny(session: LoadedSession | undefined): Promise<Response | undefined> | undefined
  /** Forwards the request. When it resolves, the response of the upstream has settled the attempt. */
  forward(send: SendLogin): Promise<Response>
  /** Settles an attempt that is still open: as void if no upstream can have received it, otherwise as a failure. */
  end(): Promise<void> | undefined
}

/** Begins the login attempt of a request. */
export type BeginLogin = (ctx: RouteContext) => LoginScope | Promise<LoginScope>

/** The scope of a request that is not a login. */
const noLogin: LoginScope = {
  deny: () => undefined,
  forward: (send) => send(),
  end: () => undefined,
}

/**
 * Begins the attempt. If the route needs no session, the attempt is counted immediately, in the same request to Redis
 * as the rate limits. Otherwise it is counted once the session is known.
 */
export const beginLogin: BeginLogin = (ctx) => {
  const { throttle, access } = ctx.route
  return throttle === undefined ? noLogin : throttle.begin(ctx, { countsNow: !access.session })
}
