/**
 * Connects a login with Hono: serves the login's endpoints for a Hono context, and creates
 * `c.var.login`. `middleware.ts` calls it for each request.
 *
 * `token()` throws `ERR_TOKEN_GONE` where the user must sign in again, `ERR_TOKEN_UNAVAILABLE`
 * while the provider does not answer, and `ERR_CONFIG` without the option `tokens`. It, `facts()` and
 * `revalidate` also reject with the errors of the session or token store (`ERR_STORE_UNAVAILABLE`,
 * `ERR_STORE_REFUSED`). Writes to the session are flushed to the response here only if the middleware
 * `session()` does not run around the login.
 */
import { ConfigError, PortcullisError } from '../errors.ts'
import type { FlushableHandle, HonoContextLike, SessionHandle } from '../session/core/types.ts'
import { readFacts } from './context.ts'
import { handleLogin } from './login.ts'
import type { LoginSettings } from './settings.ts'
import type { TokenContext } from './tokens/contract.ts'
import type { LoginFacts } from './types.ts'

/** The type of `c.var.login`. */
export interface LoginHandle {
  /** Returns the facts of the login that began this session; undefined where nobody is signed in. */
  facts(): Promise<LoginFacts | undefined>
  /**
   * Returns the user's access token for an upstream. A token that has expired is refreshed first, once even if several
   * requests need it. Needs the option `tokens`.
   *
   * @throws {PortcullisError} `ERR_TOKEN_GONE` (401: the user must sign in again),
   *   `ERR_TOKEN_UNAVAILABLE` (503: the provider does not answer), or an error of the store
   */
  token(): Promise<string>
}

/** The part of a Hono context that a login needs. */
export interface LoginServeContext extends HonoContextLike {
  readonly req: { readonly raw: Request; readonly url: string }
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
  get(name: string): unknown
  notFound(): Response | Promise<Response>
}

/** Creates `c.var.login`. */
export function createHandle(settings: LoginSettings, c: LoginServeContext): LoginHandle {
  return createLoginHandle(settings, settings.session.open(c), createTokenContext(c))
}

/** Creates the handle of a login for an open session. */
export function createLoginHandle(
  settings: LoginSettings,
  session: SessionHandle<object>,
  context: TokenContext,
): LoginHandle {
  return {
    facts: () => readFacts(session),
    async token() {
      const { tokens } = settings
      if (tokens === undefined) {
        throw new ConfigError([{ option: 'login.tokens', problem: 'must be set to read a token' }])
      }
      const facts = await readFacts(session)
      if (facts !== undefined) return tokens.readAccessToken(context, facts)
      throw new PortcullisError(
        'ERR_TOKEN_GONE',
        'Nobody is signed in: the user must sign in first',
      )
    },
  }
}

function createTokenContext(c: LoginServeContext): TokenContext {
  const requestId = c.get('requestId')
  return {
    env: c.env,
    waitUntil: readWaitUntil(c),
    eventContext: c,
    ...(typeof requestId === 'string' && { requestId }),
  }
}

/**
 * Asks the provider again about the user of a request where the option `revalidate` is set. @returns the session if it
 * may have been written, and must be flushed
 */
export async function revalidate(
  settings: LoginSettings,
  c: LoginServeContext,
): Promise<FlushableHandle<object> | undefined> {
  const { revalidate, tokens } = settings
  if (revalidate === undefined || tokens === undefined) return undefined

  const session = settings.session.open(c)
  await tokens.revalidate(createTokenContext(c), session)
  return session
}

/** Serves an endpoint. The session is flushed to the response here, unless the middleware `session()` does so. */
export async function serve(settings: LoginSettings, c: LoginServeContext): Promise<Response> {
  let handle: FlushableHandle<object> | undefined
  const session = (): FlushableHandle<object> => {
    handle ??= settings.session.open(c)
    return handle
  }
  const loginResponse = await handleLogin(settings, {
    request: c.req.raw,
    session,
    ...createTokenContext(c),
  })
  const response = await (loginResponse ?? c.notFound())
  const opened = handle as FlushableHandle<object> | undefined
  return opened === undefined || c.get('session') === opened ? response : opened.flush(response)
}

/** Returns `waitUntil`; undefined in runtimes without an execution context, where Hono throws. */
function readWaitUntil(c: LoginServeContext): ((work: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c
    return (work) => executionCtx.waitUntil(work)
  } catch {
    return undefined
  }
}
