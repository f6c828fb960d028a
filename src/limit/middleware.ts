/**
 * Creates `rateLimit()`, which responds with 429 over a limit, and `loginThrottle()`, for applications and `portcullis()`.
 * Wrong options throw a `ConfigError`. While the store is down, `onOutage` of each policy decides for `rateLimit()`.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { isDeviceUrl } from '../request/path/device-path.ts'
import type { ProjectEnv } from '../types.ts'
import type { PolicyResult } from './decide.ts'
import { limitGate, type RateLimitOptions } from './gate.ts'
import { askAlone } from './takes.ts'
import { type LoginGateOptions, type LoginThrottle, loginGate } from './throttle/face.ts'

/** The context variable of {@link rateLimit}: the results of its evaluated policies, in their order. */
export type RateLimitEnv = { Variables: { rateLimit: readonly PolicyResult[] } }

/**
 * Rejects requests over a limit with 429. All policies share one HTTP request to Redis.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 * @example
 * app.use('/api/*', rateLimit({ limiter, platform: 'cloudflare' }))
 */
export function rateLimit(options: RateLimitOptions<Context>): MiddlewareHandler<RateLimitEnv> {
  const gate = limitGate(options)
  return async function rateLimit(c, next) {
    // Chromium ends a device-bound session when its refresh is answered with 429.
    if (isDeviceUrl(c.req.url)) return next()
    const preparedTakes = await gate.prepare(c)
    if (preparedTakes === undefined) return next()

    const { results, refused, decorate } = await askAlone(preparedTakes, c.env)
    c.set('rateLimit', results)
    if (refused !== undefined) return refused

    await next()
    const response = decorate(c.res)
    if (response === c.res) return

    c.res = undefined // otherwise Hono copies the headers of the old response into the new one
    c.res = response
  }
}

/** The variables that {@link loginThrottle} sets on the context. */
export type LoginThrottleEnv = { Variables: { loginThrottle: LoginThrottle } }

/**
 * Sets `c.var.loginThrottle`, which the handler calls around its password check. A response after a successful login
 * sets the device cookie and gets `Cache-Control: no-store`.
 *
 * @throws {ConfigError}
 * @example
 * app.post('/login', loginThrottle({ store, secret, platform: 'cloudflare' }), async (c) => {
 *   const { email, password } = await c.req.json()
 *   const denied = await c.var.loginThrottle.attempt(email)
 *   if (denied) return denied
 *
 *   if (!(await checkPassword(email, password))) return c.text('Wrong password', 401)
 *   await c.var.loginThrottle.succeed()
 *   return c.text('Welcome')
 * })
 */
export function loginThrottle<E = ProjectEnv>(
  options: LoginGateOptions<Context, E>,
): MiddlewareHandler<LoginThrottleEnv> {
  const gate = loginGate(options as LoginGateOptions<Context, never>)
  return async function loginThrottle(c, next) {
    const { handle, cookie } = gate.open(c)
    c.set('loginThrottle', handle)
    await next()

    const deviceCookie = cookie()
    if (deviceCookie === undefined) return

    c.header('Set-Cookie', deviceCookie.header, { append: true })
    c.header('Cache-Control', 'no-store')
  }
}
