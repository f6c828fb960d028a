/**
 * Sends a login to its upstream without the session cookie. If the upstream rejects the csrf token of the form
 * for that reason, the login is sent once more with the cookie. `login.ts` calls it. It rejects with the errors
 * of forwarding. An upstream then receives three requests: the login, a GET of the form, and the login again.
 */
import type { LoginAttemptHooks } from '../../proxy/forward/context.ts'
import { readRequestHead } from '../../request/index.ts'
import type { SendLogin } from '../phases/login.ts'
import type { RouteContext } from '../request-context.ts'
import type { SessionUse } from './remove-identity.ts'

/** The hooks of one request to the upstream, and what its response has shown. */
export interface LoginTry {
  readonly login: LoginAttemptHooks
  /** Whether the upstream rejected the csrf token as one of another session. It has checked no password then. */
  wantsSession(): boolean
}

/**
 * Sends a login without the session cookie, and once more with it if the upstream needs it for the csrf token of its
 * form. A session that is already signed in would make the second response look like a success. So the form is
 * requested with the cookie first: only if the upstream shows the form and does not redirect, the second response can
 * prove a success.
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

/** Whether the upstream shows its login form to the session of this client, so that the session is not signed in. */
async function showsForm(ctx: RouteContext, send: SendLogin): Promise<boolean> {
  const headers = new Headers(ctx.request.headers)
  for (const headerName of ['content-type', 'content-length', 'origin', 'referer'])
    headers.delete(headerName)

  // Laravel and others respond to a script differently than to a navigation.
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
