/**
 * Hono middleware for a login: `login()` serves its endpoints and sets `c.var.login` for
 * everything else. Applications call it while building, which throws a `ConfigError` for wrong
 * options. It rejects no request: guards do that.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { createIssues } from '../options/index.ts'
import { isLoginPath, readLoginCookieNames } from './login.ts'
import type { LoginOptions } from './options.ts'
import { createHandle, type LoginHandle, revalidate, serve } from './serve.ts'
import { validateLogin } from './settings.ts'

/** The variables that `login()` sets on the context: `new Hono<LoginEnv>()`. */
export type LoginEnv = { Variables: { login: LoginHandle } }

/** The middleware, and what guards and pages need of it. */
export interface LoginMiddleware extends MiddlewareHandler<LoginEnv> {
  /** For the option `signIn` of guards. */
  readonly signIn: string
  /** The way out: a form that posts to this path. */
  readonly signOut: string
  /** Names of its cookies that never change; attempts are `login-` and twelve characters. */
  readonly cookieNames: readonly string[]
}

/**
 * Signs people in at identity providers. Serves its endpoints under `base`, gives `c.var.login` to
 * everything else, and refuses nothing: guards do, with `signIn`. A gateway and `vercel()` take `gatewayLogin`.
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
      'is required in a Hono app; a gateway and vercel() take gatewayLogin({ ... })',
    )
    issues.throwIfAny()
  }
  const { bearer, edge, ...own } = options as object as Record<string, unknown>
  for (const [name, option] of Object.entries({ bearer, edge })) {
    if (option === undefined) continue
    issues.add(name, 'works in gatewayLogin({ ... }) only: a Hono app has no routes that take it')
  }
  const settings = validateLogin(own as object as LoginOptions<object>, issues)
  issues.throwIfAny()

  async function login(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
    c.set('login', createHandle(settings, c))
    if (isLoginPath(settings, new URL(c.req.url).pathname)) return serve(settings, c)
    const revalidated = await revalidate(settings, c)
    await next()
    // Without `session()` around this nobody else settles what was written.
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
