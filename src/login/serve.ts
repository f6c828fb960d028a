/** What the middleware does, on the parts of a Hono context that it needs. */
import type { FlushableHandle, HonoContextLike } from '../session/core/types.ts'
import { handleLogin } from './login.ts'
import type { LoginSettings } from './settings.ts'
import type { LoginData, LoginFacts } from './types.ts'

/** What `c.var.login` is. */
export interface LoginHandle {
  /** How this session began; undefined where nobody is signed in. */
  facts(): Promise<LoginFacts | undefined>
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
  return {
    async facts() {
      const data = (await settings.session.open(c).get()) as Partial<LoginData> | undefined
      return data?.login
    },
  }
}

/** Where `session()` runs around this, it settles the session; otherwise it is settled here. */
export async function serve(settings: LoginSettings, c: LoginServeContext): Promise<Response> {
  let handle: FlushableHandle<object> | undefined
  const session = (): FlushableHandle<object> => {
    handle ??= settings.session.open(c)
    return handle
  }
  const waitUntil = readWaitUntil(c)
  const requestId = c.get('requestId')
  const answer = await handleLogin(settings, {
    request: c.req.raw,
    env: c.env,
    session,
    ...(typeof requestId === 'string' && { requestId }),
    ...(waitUntil !== undefined && { waitUntil }),
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
