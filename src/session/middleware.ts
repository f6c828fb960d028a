/** Applications and `portcullis()` create `session()` and `requireSession()`, which reject while the store is down. */
import type { Context, MiddlewareHandler } from 'hono'
import type { SessionStrategy, ThreeVerbs } from './core/types.ts'
import type { HandleFor, SessionEnv } from './env.ts'
import * as guards from './guard.ts'
import { flushSession } from './handle/flush.ts'
import { threeVerbHandle } from './handle/strategy.ts'

/**
 * Sets `c.var.session`, and adds its cookie and cache headers to the final response. Mounted twice, it runs once. If the
 * handler threw, only explicit commits (`start`, `end`, `update`, `commit`) are sent with the error page.
 *
 * @example
 * ```ts
 * new Hono().use(session(sessions)).post('/login', async (c) => {
 *   await c.var.session.start({ userId: 'u1' })
 *   return c.redirect('/')
 * })
 * ```
 */
export function session<Data extends object, S extends ThreeVerbs<Data>>(
  strategy: S & ThreeVerbs<Data>,
): MiddlewareHandler<SessionEnv<S>> {
  const full = 'open' in strategy ? (strategy as unknown as SessionStrategy<Data>) : undefined
  const device = full?.device
  return async function session(c, next) {
    const handle = full?.open(c)
    if (handle !== undefined && (c.get('session') as unknown) === handle) return next()
    c.set('session', (handle ?? threeVerbHandle(strategy, c)) as HandleFor<S>)
    const pending = device?.answer(c.req.raw, c.env, handle)
    const answer = pending && (await pending)
    if (answer) return answer
    await next()
    return handle && flushSession(c, handle)
  }
}

/**
 * Allows signed-in sessions. It redirects other navigations to the sign-in page and answers other requests with 401.
 *
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
 *
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
 * Allows sessions bound to the device that signed in, proved lately if `proof` asks for it.
 *
 * @example app.use('/payments/*', requireBound({ proof: 60 }))
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function requireBound(options: guards.RequireBoundOptions<Context> = {}): MiddlewareHandler {
  const guard = guards.createBoundGuard(options)
  return async function requireBound(c, next) {
    return (await guard(c)) ?? next()
  }
}
