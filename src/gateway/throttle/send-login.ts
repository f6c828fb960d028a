/**
 * Sends logins whose upstream binds the token of its form to the session that the gateway
 * withholds from it: without the session first, and once more with it if the token did not fit.
 * `login.ts` calls it. It throws what forwarding throws.
 */
import type { LoginAttemptHooks } from '../../proxy/forward/context.ts'
import { readRequestHead } from '../../request/index.ts'
import type { SendLogin } from '../phases/login.ts'
import type { RouteContext } from '../request-context.ts'
import type { SessionUse } from './remove-identity.ts'

/** A login that is about to be sent once. */
export interface LoginTry {
  readonly login: LoginAttemptHooks
  /** Whether the upstream rejected the form token as another session's: no password was checked. */
  wantsSession(): boolean
}

/**
 * Sends a login without the session's cookie, and once more with it if the upstream needs it for the token of its form. A
 * session that is signed in already would make the response look like a success, so the form is fetched with it first: only
 * if the upstream shows the form, and redirects nobody, can the second response prove anything.
 *
 * @throws what forwarding throws
 */
export async function sendLogin(
  ctx: RouteContext,
  send: SendLogin,
  start: (session: SessionUse) => LoginTry,
): Promise<Response> {
  const { login, wantsSession } = start('withheld')
  const response = await send({ login })
  if (!wantsSession()) return response

  await response.body?.cancel()
  const session = (await showsForm(ctx, send)) ? 'anonymous' : 'unproven'

  return send({ login: start(session).login })
}

/** Whether the upstream shows its form to the session of this client. */
async function showsForm(ctx: RouteContext, send: SendLogin): Promise<boolean> {
  const headers = new Headers(ctx.request.headers)
  for (const headerName of ['content-type', 'content-length', 'origin', 'referer'])
    headers.delete(headerName)

  // Laravel's guard and others respond to a script differently than to a page.
  headers.set('accept', 'text/html')
  const request = new Request(ctx.head.url, { headers })
  const page: RouteContext = {
    ...ctx,
    request,
    head: readRequestHead(request),
    search: '',
    rules: { ...ctx.rules, sessions: [] },
    body: { ...ctx.body, body: undefined, length: undefined },
  }

  const { status, body: formBody } = await send({ ctx: page })
  await formBody?.cancel()

  return status === 200
}
