/**
 * Creates the response to a request that was rejected or has failed: problem+json, or an HTML page
 * for a navigation. Every module that rejects requests calls it. The response names a status and
 * neutral words, never the reason.
 */
import type { Reason } from '../types.ts'
import { htmlPage, pagePolicy } from './html.ts'
import { wantsHtml } from './negotiate.ts'
import { reasons } from './reasons.ts'
import { findStatusText, isErrorStatus, type StatusText } from './statuses.ts'
import type { PageTemplate } from './template/pages.ts'
import { findSitePages } from './template/site-pages.ts'
import { formatWait, readRetryAfter } from './template/wait.ts'

/** The parts of a request that a rejection reads; a Request fits. */
export interface RejectedRequest {
  /** Accept and Sec-Fetch-Dest decide between a page and problem+json. */
  readonly headers: Headers
  /** An answer to HEAD has no body. */
  readonly method?: string
}

/** Optional parts of an error response. */
export interface ErrorResponseExtra {
  /** Shown to the client, so that it can be found in the log. Cut at 128 characters. */
  readonly requestId?: string
  /** Another status, 400 to 599, with the words for it; anything else counts as absent. */
  readonly status?: number
  /** Path of the page where signing in helps: a member `signIn` of the problem, and a link on the page. */
  readonly signIn?: string | undefined
  /** Headers of this refusal, such as Allow or Retry-After. They cannot make it cacheable. */
  readonly headers?: ReadonlyArray<readonly [name: string, value: string]>
  /** The site's own pages, from `pages({ ... })`. Default: those of the request, which a gateway and `portcullis()` put there; otherwise a plain page. */
  readonly pages?: PageTemplate | undefined
}

/** Plain objects: handing them to the constructor costs a third of setting each header afterwards. */
const problemHeaders = { 'content-type': 'application/problem+json', 'cache-control': 'no-store' }
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': pagePolicy,
}

/**
 * Creates the response to a rejected or failed request: problem+json, or an HTML page without script for a navigation. Text
 * and status belong to the reason; the reason itself is never sent. The response has `Cache-Control: no-store`, and a 503
 * has `Retry-After: 10` unless `extra.headers` sets one.
 *
 * @see RFC 9457 section 3 for the members of the problem; `requestId` is ours.
 * @example
 * return errorResponse('rate-limited', request, { headers: [['Retry-After', '30']] })
 */
export function errorResponse(
  reason: Reason,
  about: RejectedRequest,
  extra: ErrorResponseExtra = {},
): Response {
  const known = isErrorStatus(extra.status)
    ? findStatusText(extra.status)
    : (reasons[reason] ?? reasons.fault)
  const retryAfter = readRetryAfter(extra.headers ?? [])
  const answer = sayWhen(known, retryAfter)
  const id = extra.requestId?.slice(0, 128)
  const html = wantsHtml(about.headers)
  const { headers } = about
  const pages = extra.pages ?? findSitePages(about)
  const page = html
    ? pages?.render(answer, { headers, requestId: id, signIn: extra.signIn }, retryAfter)
    : undefined
  const body = html
    ? (page?.html ?? htmlPage(answer, id, extra.signIn))
    : problemJson(answer, id, extra.signIn)
  const response = new Response(about.method === 'HEAD' ? null : body, {
    status: answer.status,
    headers: html ? pageHeaders : problemHeaders,
  })

  if (page !== undefined) {
    response.headers.set('content-security-policy', page.policy)
    response.headers.set('content-language', page.language)
  }
  if (answer.status === 503) response.headers.set('retry-after', '10')
  if (extra.headers) addHeaders(response.headers, extra.headers)

  return response
}

/** A client that is told when to come back reads the same in words. */
function sayWhen(text: StatusText, retryAfter: number | undefined): StatusText {
  const isWait = text.status === 429 || text.status === 503
  if (!isWait || retryAfter === undefined) return text
  return { ...text, words: `Try again in ${formatWait(retryAfter, 'en')}.` }
}

function problemJson(
  { status, phrase, words }: StatusText,
  requestId: string | undefined,
  signIn: string | undefined,
): string {
  // JSON leaves out what is undefined.
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
