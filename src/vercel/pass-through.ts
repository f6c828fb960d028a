/**
 * Creates and completes responses in the form that Vercel and Next understand: a response that passes the request to
 * the project, with changed headers, and absolute redirects. The guard and applications call `passThrough()`, and the
 * handler of `vercel()` calls `finish` for every response. It does not throw. A Location that is no URL stays as it is.
 */
import { isExpiring, parseSetCookie, removeCookies } from '../cookie/index.ts'
import type { Platform } from '../request/index.ts'
import { projectHeaders } from './project-headers.ts'

/** Options of {@link passThrough}. */
export interface PassThroughOptions {
  /** Request headers that the project receives, in place of the client's headers of the same names. */
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

/** Completes a response for the platform: an absolute Location, and the request headers that the project receives. */
export function finish(request: Request, response: Response, platform: Platform): Response {
  const location = response.headers.get('location')
  const absoluteUrl = location === null ? null : absoluteLocation(location, request.url)
  const isPassed = response.headers.has(continueHeader)
  if (!isPassed && absoluteUrl === location) return response
  const { status, statusText } = response
  // A response that passes a request has no body. Its headers, security headers too, are merged into the project's
  // response.
  const platformResponse = isPassed
    ? new Response(null, { status, headers: response.headers })
    : new Response(response.body, { status, statusText, headers: response.headers })
  if (absoluteUrl !== null && absoluteUrl !== location)
    platformResponse.headers.set('location', absoluteUrl)
  if (isPassed) setRequestHeaders(platformResponse.headers, request.headers, platform)
  return platformResponse
}

function absoluteLocation(location: string, url: string): string {
  return URL.canParse(location) || !URL.canParse(location, url)
    ? location
    : new URL(location, url).href
}

/**
 * Writes the request headers that the project receives into the headers of the response. Next and Vercel
 * delete every request header that the list does not name, so it names all that stay. The platform
 * removes these headers before the client receives the response.
 */
function setRequestHeaders(
  responseHeaders: Headers,
  clientHeaders: Headers,
  platform: Platform,
): void {
  const headers = projectHeaders(clientHeaders, platform)
  for (const [headerName, headerValue] of [...responseHeaders]) {
    if (!headerName.startsWith(overridePrefix)) continue
    responseHeaders.delete(headerName)
    headers.set(headerName.slice(overridePrefix.length), headerValue)
  }

  const cookie = cookiesAfter(clientHeaders.get('cookie'), responseHeaders.getSetCookie())
  if (cookie === null) headers.delete('cookie')
  else headers.set('cookie', cookie)

  for (const headerName of ['content-type', 'content-length', 'x-middleware-set-cookie'])
    responseHeaders.delete(headerName)

  responseHeaders.set(overrides, [...headers.keys()].join(','))
  headers.forEach((headerValue, headerName) => {
    responseHeaders.set(overridePrefix + headerName, headerValue)
  })
}

/**
 * Returns the Cookie header that the browser will send after this response. The project receives it with this request
 * already, so that its pages read the changed session.
 */
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
