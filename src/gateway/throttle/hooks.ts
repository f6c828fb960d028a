/**
 * Creates the hooks with which a login attempt changes the forwarding of its request, and settles the
 * attempt by the upstream's response. `login.ts` creates the hooks, and `src/proxy/forward` calls them.
 * Hooks remove identifying cookies from the request and read a JSON body if it proves the success. `settle`
 * rejects with `ERR_UPSTREAM_TIMEOUT` or `ERR_UPSTREAM_UNREACHABLE` if that body does not arrive. If the store
 * fails, the attempt stays counted as a failure, and an event is emitted.
 */
import { replaceSetCookie } from '../../cookie/index.ts'
import type { LoginBody } from '../../limit/throttle/account/read-account.ts'
import type { LoginAttempt } from '../../limit/throttle/engine.ts'
import { withholdCookies } from '../../limit/throttle/login-request.ts'
import { isProven, type LoginResponse, needsBody } from '../../limit/throttle/success/success.ts'
import type { LoginAttemptHooks } from '../../proxy/forward/context.ts'
import { findHeaders } from '../../request/index.ts'
import { neverStore } from '../../session/handle/caching.ts'
import type { Clock } from '../../types.ts'
import type { RouteContext } from '../request-context.ts'
import { type BufferedBody, bufferJsonBody } from './buffer-body.ts'
import type { LoginRoute } from './login.ts'
import { removeIdentity, type SessionUse, setCookieHeader } from './remove-identity.ts'

/** The state of a login over the one or two requests to the upstream. */
export interface LoginState {
  /** True once the upstream has responded. */
  answered: boolean
  /** True if the upstream needs the session cookie to verify the csrf token of its form. */
  wantsSession: boolean
}

/** A login attempt with the objects that its hooks use. */
export interface AttemptWork {
  readonly ctx: RouteContext
  readonly route: LoginRoute
  readonly attempt: LoginAttempt
  readonly state: LoginState
  readonly session: SessionUse
  readonly clock: Clock
}

/** Laravel's status for a csrf token of another session. Laravel checks no password then. */
const tokenMismatch = 419

/** Creates the hooks of an attempt that was counted. */
export function createAttemptHooks(
  work: AttemptWork,
  body: LoginBody | undefined,
): LoginAttemptHooks {
  const { ctx, route, attempt, state, session, clock } = work
  const { rules: successRules } = route.success
  const readsBody = needsBody(successRules)
  let startedSession = false
  let sentCookies: string | null = null
  let withheld = false

  function describeResponse({ status, headers }: Response, bodyText?: string): LoginResponse {
    const requestUrl = `${ctx.settings.publicOrigin}${ctx.path}`
    const { subject: routePath } = route
    return {
      status,
      headers,
      url: requestUrl,
      routePath,
      sentCookies,
      text: bodyText,
      startedSession,
      now: clock(),
    }
  }

  return {
    body,
    ignoresClientAbort: true,
    onRequest(headers): void {
      if (attempt.pressure !== undefined)
        headers.set('portcullis-login-pressure', `${attempt.pressure}`)

      if (body !== undefined) {
        headers.delete('content-length') // fetch measures the body that is sent
        withheld = removeIdentity(headers, ctx, route, session)
      }

      sentCookies = headers.get('cookie')
      // The gateway has to read the body of the response, so it requests an uncompressed one.
      if (readsBody) headers.set('accept-encoding', 'identity')
    },
    onResponse(): void {
      state.answered = true
    },
    beforeSessionStart(response): void {
      if (session === 'unproven') return
      const startedResponse = { ...describeResponse(response), startedSession: true }
      if (isProven(successRules, startedResponse)) attempt.prepare()
    },
    afterSessionStart(): void {
      startedSession = true
    },
    async settle(upstreamResponse, timeoutMs): Promise<Response> {
      const { text: bodyText, response }: BufferedBody = readsBody
        ? await bufferJsonBody(upstreamResponse, timeoutMs)
        : { text: undefined, response: upstreamResponse }
      if (withheld && response.status === tokenMismatch) {
        state.wantsSession = true
        return response // The response to the second request settles the attempt.
      }

      const isProvenLogin =
        session !== 'unproven' && isProven(successRules, describeResponse(response, bodyText))
      route.watch(isProvenLogin)
      const cookie = await attempt.settle(isProvenLogin ? 'success' : 'failure')
      if (cookie !== undefined) {
        const headers = findHeaders(response)
        replaceSetCookie(headers, cookie)
        neverStore(headers)
      }

      return response
    },
  }
}

/**
 * Creates the hooks of a request to a login route that proved to be no login: the upstream gets the
 * body that was read. A cookie with the name of the account's field is withheld.
 */
export function createBodyHooks(
  { body }: { readonly body: LoginBody },
  { meansField }: LoginRoute,
): LoginAttemptHooks {
  return {
    body,
    ignoresClientAbort: false,
    onRequest(headers): void {
      headers.delete('content-length')
      setCookieHeader(headers, withholdCookies(headers.get('cookie'), meansField))
    },
    onResponse() {},
    beforeSessionStart() {},
    afterSessionStart() {},
    settle: async (response) => response,
  }
}
