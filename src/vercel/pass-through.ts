/**
 * Creates the response that lets a request through to the project, in the form that Vercel and
 * Next understand. The guard and applications call `passThrough()`, and the handler finishes every
 * response. It throws nothing.
 */
import { isExpiring, parseSetCookie, removeCookies } from '../cookie/index.ts'
import type { Platform } from '../request/index.ts'
import { projectHeaders } from './project-headers.ts'

/** The headers that the project receives beside those of the client. */
export interface PassThroughOptions {
  /** Request headers to set, instead of those of the client. */
  readonly headers?: Headers | Readonly<Record<string, string>>
}

const continueHeader = 'x-middleware-next'
const overrides = 'x-middleware-override-headers'
const overridePrefix = 'x-middleware-request-'

/**
 * Passes a request through to the project, for the handler at the end of an app that guards one:
 * `app.all('*', () => passThrough())`. Headers and cookies set on this response reach the client
 * with the project's response. Next also shows them to the handler as request headers, so they must
 * hold no secret.
 *
 * @example
 * ```ts
 * app.all('*', () => passThrough())
 * ```
 */
export function passThrough({ headers }: PassThroughOptions = {}): Response {
  const passedResponse = new Response(null, { headers: { [continueHeader]: '1' } })
  if (headers !== undefined) {
    new Headers(headers as HeadersInit).forEach((headerValue, headerName) => {
      passedResponse.headers.set(overridePrefix + headerName, headerValue)
    })
  }

  return passedResponse
}

/** Adapts a response to the rules of the platforms; see `vercel`. */
export function finish(request: Request, response: Response, platform: Platform): Response {
  const location = response.headers.get('location')
  const absolute = location === null ? null : absoluteLocation(location, request.url)
  const isPassed = response.headers.has(continueHeader)
  if (!isPassed && absolute === location) return response
  const { status, statusText } = response
  // A pass-through has no body of its own, and the type it was given decides over that of the project.
  const platformResponse = isPassed
    ? new Response(null, { status, headers: response.headers })
    : new Response(response.body, { status, statusText, headers: response.headers })
  if (absolute !== null && absolute !== location) platformResponse.headers.set('location', absolute)
  if (isPassed) override(platformResponse.headers, request.headers, platform)
  return platformResponse
}

function absoluteLocation(location: string, url: string): string {
  return URL.canParse(location) || !URL.canParse(location, url)
    ? location
    : new URL(location, url).href
}

/**
 * Next and Vercel delete every request header that the list does not name, so it names all that
 * stay. The values are headers of this response, and the platform removes them before the client
 * sees it.
 */
function override(answer: Headers, clientHeaders: Headers, platform: Platform): void {
  const headers = projectHeaders(clientHeaders, platform)
  for (const [headerName, headerValue] of [...answer]) {
    if (!headerName.startsWith(overridePrefix)) continue
    answer.delete(headerName)
    headers.set(headerName.slice(overridePrefix.length), headerValue)
  }

  const cookie = cookiesAfter(clientHeaders.get('cookie'), answer.getSetCookie())
  if (cookie === null) headers.delete('cookie')
  else headers.set('cookie', cookie)

  for (const headerName of ['content-type', 'content-length', 'x-middleware-set-cookie'])
    answer.delete(headerName)

  answer.set(overrides, [...headers.keys()].join(','))
  headers.forEach((headerValue, headerName) => {
    answer.set(overridePrefix + headerName, headerValue)
  })
}

/** The Cookie header that the browser will send after this answer: what renders in this request sees the same session. */
export function cookiesAfter(
  header: string | null,
  setCookies: readonly string[],
  nowMs: number = Date.now(),
): string | null {
  let cookies = header
  for (const cookieText of setCookies) {
    const cookie = parseSetCookie(cookieText)
    if (cookie === undefined || cookie.name === '') continue
    cookies = removeCookies(cookies, new Set([cookie.name]))
    if (isExpiring(cookie, nowMs)) continue
    const cookiePair = `${cookie.name}=${cookie.value}`
    cookies = cookies === null ? cookiePair : `${cookies}; ${cookiePair}`
  }

  return cookies
}
