/**
 * Begins the login attempt of a request as a scope around everything that follows: however the
 * request ends, the attempt is settled. `handle-route.ts` runs this phase. It rejects with
 * `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where the attempt cannot be counted.
 */
import type { LoadedSession, LoginAttemptHooks } from '../../proxy/forward/context.ts'
import type { RouteContext } from '../request-context.ts'

/** Changes that a login makes to forwarding. */
export interface LoginChanges {
  readonly login?: LoginAttemptHooks
  /** Another request instead of the client's, such as one for the form of the login. */
  readonly ctx?: RouteContext
}

/** Forwards the request of a login. */
export type SendLogin = (changes?: LoginChanges) => Promise<Response>

/** The login attempt of one request. */
export interface LoginScope {
  /**
   * Counts the attempt, unless that was done with the rate limits. It returns the response to a login that may not be tried.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where the attempt cannot be counted
   */
  deny(session: LoadedSession | undefined): Promise<Response | undefined> | undefined
  /** Forwards the request. The response to the client has settled the attempt. */
  forward(send: SendLogin): Promise<Response>
  /** Settles an attempt that nothing has settled: void where no upstream can have seen it, otherwise a failure. */
  end(): Promise<void> | undefined
}

/** Begins the login attempt of a request whose route is a login. */
export type BeginLogin = (ctx: RouteContext) => LoginScope | Promise<LoginScope>

/** The scope of a request that is not a login. */
const noLogin: LoginScope = {
  deny: () => undefined,
  forward: (send) => send(),
  end: () => undefined,
}

/**
 * Begins the attempt. If the route needs no session, the attempt is counted now, so that it shares the request to Redis with
 * the rate limits; otherwise once the session is known.
 */
export const beginLogin: BeginLogin = (ctx) => {
  const { throttle, access } = ctx.route
  return throttle === undefined ? noLogin : throttle.begin(ctx, { countsNow: !access.session })
}
