/**
 * Hono middleware of sessions: `session()` sets `c.var.session` and adds its cookie to the response; `requireSession`,
 * `requireFresh` and `requireBound` are guards. Applications call them, and the stack `portcullis()` calls `session()`.
 * Wrong options of a guard throw `ERR_CONFIG`. Requests reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` while
 * the store is down, and with `ERR_SESSION_CONFLICT` or `ERR_COOKIE_TOO_LARGE` where a change cannot be written.
 */
import type { Context, MiddlewareHandler } from 'hono'
import type { SessionStrategy, ThreeVerbs } from './core/types.ts'
import type { HandleFor, SessionEnv } from './env.ts'
import * as guards from './guard.ts'
import { flushSession } from './handle/flush.ts'
import { threeVerbHandle } from './handle/strategy.ts'

/**
 * Sets `c.var.session`, and adds its cookie and cache headers to the final response. Requests to the device endpoints
 * are answered here. Mounted twice, it runs once. If the handler threw, only the changes by `start`, `end`, `update`
 * and `commit` are sent with the error page.
 * @example
 * app.use(session(sessions)).post('/login', async (c) => {
 *   await c.var.session.start({ userId: 'u1' })
 *   return c.redirect('/')
 * })
 */
export function session<Data extends object, S extends ThreeVerbs<Data>>(
  strategy: S & ThreeVerbs<Data>,
): MiddlewareHandler<SessionEnv<S>> {
  const complete = 'open' in strategy ? (strategy as unknown as SessionStrategy<Data>) : undefined
  const device = complete?.device
  return async function session(c, next) {
    const handle = complete?.open(c)
    if (handle !== undefined && (c.get('session') as unknown) === handle) return next()
    c.set('session', (handle ?? threeVerbHandle(strategy, c)) as HandleFor<S>)
    const pending = device?.answer(c.req.raw, c.env, handle, c.req.path)
    const deviceResponse = pending && (await pending)
    if (deviceResponse) return deviceResponse
    await next()
    return handle && flushSession(c, handle)
  }
}

/**
 * Allows signed-in sessions. Without one, navigations are redirected to the sign-in page, and other requests get 401.
 * @example app.use('/account/*', requireSession({ signIn: '/login' }))
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireSession(
  options: guards.RequireSessionOptions<Context> = {},
): MiddlewareHandler {
  const guard = guards.createSessionGuard(options)
  return async function requireSession(c, next) {
    return (await guard(c)) ?? next()
  }
}

/**
 * Allows sessions that signed in at most `seconds` ago, 1 to 34,560,000, for example before a change of password.
 * @example app.post('/account/password', requireFresh(300, { signIn: '/login' }), changePassword)
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireFresh(
  seconds: number,
  options: guards.RequireFreshOptions<Context> = {},
): MiddlewareHandler {
  const guard = guards.createFreshGuard(seconds, options)
  return async function requireFresh(c, next) {
    return (await guard(c)) ?? next()
  }
}

/**
 * Allows sessions that are bound to the device that signed in, and with `proof` only after a recent proof of it.
 * @example app.use('/payments/*', requireBound({ proof: 60 }))
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireBound(options: guards.RequireBoundOptions<Context> = {}): MiddlewareHandler {
  const guard = guards.createBoundGuard(options)
  return async function requireBound(c, next) {
    return (await guard(c)) ?? next()
  }
}
