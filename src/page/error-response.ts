/**
 * Creates the response to a request that was rejected or has failed: problem+json, or an HTML page
 * for a navigation. The gateway, `portcullis()`, CSRF protection, limits, the login throttle, the
 * proxy, the Vercel guard, `errorPage()` and applications call it. The response has a status and
 * neutral words, never the reason. It is never cacheable. An unknown reason counts as `fault`
 * (500). It throws for a header that is not valid, and where `render` of the site's own pages does.
 */
import type { Reason } from '../types.ts'
import { htmlPage, pagePolicy } from './html.ts'
import { wantsHtml } from './negotiate.ts'
import { reasons } from './reasons.ts'
import { findStatusText, isErrorStatus, type StatusText } from './statuses.ts'
import type { PageTemplate } from './template/pages.ts'
import { findSitePages } from './template/site-pages.ts'
import { formatWait, readRetryAfter } from './template/wait.ts'

/** The parts of a request that are needed; a `Request` has them. */
export interface RejectedRequest {
  /** The headers. Accept and Sec-Fetch-Dest decide between a page and problem+json. */
  readonly headers: Headers
  /** The method. A response to HEAD has no body. */
  readonly method?: string
}

/** Optional parts of an error response. */
export interface ErrorResponseExtra {
  /**
   * The request's id, which the client sees and can report. At most 128 characters of it are shown.
   */
  readonly requestId?: string
  /** Another status, 400 to 599, with its own words. Any other value is ignored. */
  readonly status?: number
  /**
   * The path of the login page, where signing in helps: it becomes the member `signIn` of the
   * problem, or a link on the page.
   */
  readonly signIn?: string | undefined
  /** Further headers, such as Allow or Retry-After. Cache-Control is always `no-store`. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>
  /**
   * The site's own pages, from `pages({ ... })`. Default: those that a gateway or `portcullis()`
   * has set for the request, otherwise a plain page.
   */
  readonly pages?: PageTemplate | undefined
}

/**
 * Plain objects, because passing them to the constructor takes a third of the time of setting each
 * header afterwards.
 */
const problemHeaders = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': pagePolicy,
}

/**
 * Creates the response to a rejected or failed request: problem+json, or an HTML page without
 * script for a navigation. The reason determines text and status, and is never sent. The response
 * has `Cache-Control: no-store`, and a 503 has `Retry-After: 10` unless `extra.headers` sets one.
 *
 * @see RFC 9457 section 3 for the members of the problem; `requestId` is an extension.
 * @example
 * return errorResponse('rate-limited', request, { headers: [['Retry-After', '30']] })
 */
export function errorResponse(
  reason: Reason,
  request: RejectedRequest,
  extra: ErrorResponseExtra = {},
): Response {
  const statusText = isErrorStatus(extra.status)
    ? findStatusText(extra.status)
    : (reasons[reason] ?? reasons.fault)
  const retryAfter = readRetryAfter(extra.headers ?? [])
  const text = addWait(statusText, retryAfter)
  const shortId = extra.requestId?.slice(0, 128)
  const isPage = wantsHtml(request.headers)
  const { headers } = request
  const pages = extra.pages ?? findSitePages(request)
  const page = isPage
    ? pages?.render(text, { headers, requestId: shortId, signIn: extra.signIn }, retryAfter)
    : undefined
  const body = isPage
    ? (page?.html ?? htmlPage(text, shortId, extra.signIn))
    : createProblem(text, shortId, extra.signIn)
  const response = new Response(request.method === 'HEAD' ? null : body, {
    status: text.status,
    headers: isPage ? pageHeaders : problemHeaders,
  })

  if (page !== undefined) {
    response.headers.set('content-security-policy', page.policy)
    response.headers.set('content-language', page.language)
  }
  if (text.status === 503) response.headers.set('retry-after', '10')
  if (extra.headers) addHeaders(response.headers, extra.headers)

  return response
}

/** Writes the time of Retry-After into the text. */
function addWait(text: StatusText, retryAfter: number | undefined): StatusText {
  const isWait = text.status === 429 || text.status === 503
  if (!isWait || retryAfter === undefined) return text
  return { ...text, words: `Try again in ${formatWait(retryAfter, 'en')}.` }
}

function createProblem(
  { status, phrase, words }: StatusText,
  requestId: string | undefined,
  signIn: string | undefined,
): string {
  // JSON.stringify omits members that are undefined.
  const problem = { type: 'about:blank', title: phrase, status, detail: words, requestId, signIn }
  return JSON.stringify(problem)
}

function addHeaders(
  headers: Headers,
  extra: ReadonlyArray<readonly [name: string, value: string]>,
): void {
  for (const [name, value] of extra) {
    if (name.toLowerCase() === 'set-cookie') headers.append(name, value)
    else headers.set(name, value)
  }
  headers.set('cache-control', 'no-store')
}
