/**
 * Hono middleware for a login: `login()` serves the endpoints of the login, sets `c.var.login` for all
 * other requests, and revalidates their users with the option `revalidate`. Applications call it
 * while they build the app.
 *
 * Wrong options throw `ERR_CONFIG` there. The middleware rejects no request: guards such as
 * `requireSession` do. With `revalidate` a user whom the provider no longer admits is signed out before
 * the app runs, and errors of the session or token store are thrown.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { createIssues } from '../options/index.ts'
import { isLoginPath, readLoginCookieNames } from './login.ts'
import type { LoginOptions } from './options.ts'
import { createHandle, type LoginHandle, revalidate, serve } from './serve.ts'
import { validateLogin } from './settings.ts'

/** The variables that `login()` sets on the context: `new Hono<LoginEnv>()`. */
export type LoginEnv = { Variables: { login: LoginHandle } }

/** The middleware, with the paths that guards and pages need. */
export interface LoginMiddleware extends MiddlewareHandler<LoginEnv> {
  /** For the option `signIn` of guards. */
  readonly signIn: string
  /** The path of the logout. A page signs the user out with a form that posts to it. */
  readonly signOut: string
  /** The cookies of the login with fixed names. Attempt cookies are named `login-` and twelve random characters. */
  readonly cookieNames: readonly string[]
}

/**
 * Signs people in at identity providers: serves the endpoints under `base`, and sets `c.var.login` for every other
 * request. It rejects no request; use guards with the option `signIn`. A gateway and `vercel()` use `gatewayLogin()`
 * instead.
 *
 * @example
 * const auth = login({ session: sessions, providers: { acme: { issuer, clientId, clientSecret } } })
 * app.use(session(sessions)).use(auth).get('/orders', requireSession({ signIn: auth.signIn }), page)
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function login<Data extends object>(options: LoginOptions<Data>): LoginMiddleware {
  const issues = createIssues('login')
  if (options?.session === undefined) {
    issues.add(
      'session',
      'is required in a Hono app; in a gateway or vercel() use gatewayLogin({ ... }) instead',
    )
    issues.throwIfAny()
  }
  const { bearer, edge, ...loginOptions } = options as object as Record<string, unknown>
  for (const [name, option] of Object.entries({ bearer, edge })) {
    if (option === undefined) continue
    issues.add(name, 'works only in gatewayLogin({ ... }): a Hono app has no routes for it')
  }
  const settings = validateLogin(loginOptions as object as LoginOptions<object>, issues)
  issues.throwIfAny()

  async function login(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
    c.set('login', createHandle(settings, c))
    if (isLoginPath(settings, new URL(c.req.url).pathname)) return serve(settings, c)
    const revalidated = await revalidate(settings, c)
    await next()
    // Without the middleware `session()` around this one, nobody else writes the session's cookie to the response.
    if (revalidated !== undefined && c.get('session') !== revalidated) {
      c.res = await revalidated.flush(c.res)
    }
    return undefined
  }

  return Object.assign(login as unknown as MiddlewareHandler<LoginEnv>, {
    signIn: `${settings.base}/login`,
    signOut: `${settings.base}/logout`,
    cookieNames: readLoginCookieNames(settings),
  })
}
