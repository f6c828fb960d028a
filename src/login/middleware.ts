/** The Hono face of the login. */
import type { Context, MiddlewareHandler } from 'hono'
import { createIssues } from '../options/index.ts'
import { createGatewayLogin } from './gateway/handler.ts'
import type { GatewayLogin } from './gateway/types.ts'
import { isLoginPath, readLoginCookieNames } from './login.ts'
import type { GatewayLoginOptions, LoginOptions } from './options.ts'
import { createHandle, type LoginHandle, revalidate, serve } from './serve.ts'
import { validateLogin } from './settings.ts'

/** What `login()` puts on the context: `new Hono<LoginEnv>()`. */
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
 * everything else, and refuses nothing: guards do, with `signIn`. Without `session` it is for the option
 * `login` of a gateway or of `vercel()`, which have the session and the origin.
 *
 * @example
 * const auth = login({ session: sessions, providers: { acme: { issuer, clientId, clientSecret } } })
 * app.use(session(sessions)).use(auth).get('/orders', requireSession({ signIn: auth.signIn }), page)
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function login<Data extends object>(options: LoginOptions<Data>): LoginMiddleware
export function login<Data extends object>(options: GatewayLoginOptions<Data>): GatewayLogin
export function login(
  options: LoginOptions<object> | GatewayLoginOptions<object>,
): LoginMiddleware | GatewayLogin {
  if (options?.session === undefined) return createGatewayLogin(options)
  const issues = createIssues('login')
  for (const option of ['bearer', 'edge'] as const) {
    if (options[option] === undefined) continue
    issues.add(option, 'works in a gateway and in vercel() only: in a Hono app it would do nothing')
  }
  const settings = validateLogin(options, issues)
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
