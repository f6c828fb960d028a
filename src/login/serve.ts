/**
 * Serves the paths of a login and creates `c.var.login`, from the few parts of a Hono context that
 * both need. The middleware calls it for each request. The methods of `c.var.login` throw
 * `ERR_TOKEN_GONE` where the person must sign in again, and `ERR_TOKEN_UNAVAILABLE` while the
 * provider or the store is down.
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
  /** How this session began; undefined where nobody is signed in. */
  facts(): Promise<LoginFacts | undefined>
  /**
   * The access token for an upstream, refreshed where that is due: exactly once, whoever else asks. Needs
   * the option `tokens`.
   *
   * @throws {PortcullisError} `ERR_TOKEN_GONE` (401: the person must sign in again) or
   *   `ERR_TOKEN_UNAVAILABLE` (503: the provider is away)
   */
  token(): Promise<string>
}

/** A Hono context, as far as a login needs one. */
export interface LoginServeContext extends HonoContextLike {
  readonly req: { readonly raw: Request; readonly url: string }
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void }
  get(name: string): unknown
  notFound(): Response | Promise<Response>
}

/** Makes `c.var.login`. */
export function createHandle(settings: LoginSettings, c: LoginServeContext): LoginHandle {
  return createLoginHandle(settings, settings.session.open(c), createTokenContext(c))
}

/** A handle over a session of any context. */
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
      throw new PortcullisError('ERR_TOKEN_GONE', 'Nobody is signed in')
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

/** Asks the provider again about the person of a request, where the option `revalidate` asks for it. */
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

/** Where `session()` runs around this, it settles the session; otherwise it is settled here. */
export async function serve(settings: LoginSettings, c: LoginServeContext): Promise<Response> {
  let handle: FlushableHandle<object> | undefined
  const session = (): FlushableHandle<object> => {
    handle ??= settings.session.open(c)
    return handle
  }
  const answer = await handleLogin(settings, {
    request: c.req.raw,
    session,
    ...createTokenContext(c),
  })
  const response = await (answer ?? c.notFound())
  const opened = handle as FlushableHandle<object> | undefined
  return opened === undefined || c.get('session') === opened ? response : opened.flush(response)
}

/** Hono throws where a runtime has no execution context. */
function readWaitUntil(c: LoginServeContext): ((work: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c
    return (work) => executionCtx.waitUntil(work)
  } catch {
    return undefined
  }
}
