/**
 * Hono handlers for errors and unknown paths. Applications and `portcullis()` call `errorPage()` and `notFoundPage()`.
 * An error is reported to the operator and never shown to the client.
 */
import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { ConfigError } from '../errors.ts'
import { emitRejection } from './emit-rejection.ts'
import { type ErrorResponseExtra, errorResponse } from './error-response.ts'
import { readErrorResponse } from './exception.ts'
import { findReason } from './find-reason.ts'
import { type ReportError, reportError } from './report.ts'
import { copyStagedHeaders, isRepresentationHeader } from './staged.ts'
import type { PageTemplate } from './template/pages.ts'

/** Options of {@link errorPage}. */
export interface ErrorPageOptions {
  /** Takes every error answered with 500 or more. Default {@link reportFault}, one line on `console.error`. */
  readonly report?: ReportError
  /** The site's own pages, from `pages({ ... })`. Default: a plain page in English. */
  readonly pages?: PageTemplate
}

/**
 * Responds to errors of handlers. Cookies and headers staged with `c.header` are kept unless they describe the body that is
 * not sent. An HTTPException keeps its status, or its own Response if it has one. A thrown value that is not an Error is not
 * handled here: Hono passes it to the runtime.
 *
 * @throws {ConfigError} `ERR_CONFIG` where `report` is no function.
 * @example
 * app.onError(errorPage())
 * app.notFound(notFoundPage())
 */
export function errorPage(options: ErrorPageOptions = {}): ErrorHandler {
  const { report = reportError, pages } = options
  if (typeof report !== 'function')
    throw new ConfigError([{ option: 'errorPage.report', problem: 'must be a function' }])
  return function errorPage(error, c) {
    const wish = readErrorResponse(error)
    const reason = findReason(error)
    const answer =
      wish && 'response' in wish
        ? wish.response
        : errorResponse(reason, c.req.raw, { ...readRequestId(c), ...wish, pages })
    // An error with a status of its own is the answer that its handler wants.
    if (wish === undefined) emitRejection(undefined, reason, { context: c, ...readRequestId(c) })

    if (answer.status >= 500)
      report(error, { ...readRequestId(c), method: c.req.method, path: c.req.path })
    copyStagedHeaders(c.newResponse(null, 200).headers, answer.headers)

    // Hono would copy every header of an earlier answer over this one: its length, its encoding, its caching.
    c.res = undefined
    return answer
  }
}

/**
 * Responds to requests that no route handles. Staged headers are kept as by {@link errorPage}.
 *
 * @example
 * app.notFound(notFoundPage())
 */
export function notFoundPage({ pages }: Pick<ErrorPageOptions, 'pages'> = {}): NotFoundHandler {
  return function notFoundPage(c) {
    const answer = errorResponse('not-found', c.req.raw, { ...readRequestId(c), pages })
    emitRejection(undefined, 'not-found', { context: c, ...readRequestId(c) })
    const staged = c.newResponse(null, 200).headers
    copyStagedHeaders(staged, answer.headers)

    // Unlike after an error, a response that is taken away here would not be replaced by ours.
    for (const name of staged.keys()) if (isRepresentationHeader(name)) c.header(name, undefined)
    return answer
  }
}

/** The request's id where Hono's `requestId`, or anything under that name, gave it one. */
function readRequestId(c: Context): Pick<ErrorResponseExtra, 'requestId'> {
  const requestId: unknown = c.get('requestId')
  return typeof requestId === 'string' ? { requestId } : {}
}
