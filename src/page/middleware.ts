/**
 * Creates the Hono handlers `errorPage()` and `notFoundPage()`, for applications and `portcullis()`. A `report` that is
 * no function throws a `ConfigError`. An error is reported and never shown; where `report` throws, the handler does.
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
  /** Receives errors that are answered with 500 or more. Default: {@link reportError}, one line on `console.error`. */
  readonly report?: ReportError
  /** The site's own pages, from `pages({ ... })`. Default: a plain page in English. */
  readonly pages?: PageTemplate
}

/**
 * Responds to errors of handlers. Cookies and headers of `c.header` are kept, unless they describe the body that is not
 * sent. An HTTPException keeps its status, or its own Response. Hono does not pass thrown values that are not Errors to
 * this handler.
 *
 * @throws {ConfigError} `ERR_CONFIG` where `report` is not a function.
 * @example
 * app.onError(errorPage())
 * app.notFound(notFoundPage())
 */
export function errorPage(options: ErrorPageOptions = {}): ErrorHandler {
  const { report = reportError, pages } = options
  if (typeof report !== 'function')
    throw new ConfigError([{ option: 'errorPage.report', problem: 'must be a function' }])
  return function errorPage(error, c) {
    const requested = readErrorResponse(error)
    const reason = findReason(error)
    const response =
      requested && 'response' in requested
        ? requested.response
        : errorResponse(reason, c.req.raw, { ...readRequestId(c), ...requested, pages })
    // A handler that throws an error with a status chose this response, so there is no event.
    if (!requested) emitRejection(undefined, reason, { context: c, ...readRequestId(c) })

    if (response.status >= 500)
      report(error, { ...readRequestId(c), method: c.req.method, path: c.req.path })
    copyStagedHeaders(c.newResponse(null, 200).headers, response.headers)

    // Hono would copy the headers of an earlier response to this one, such as its length and encoding.
    c.res = undefined
    return response
  }
}

/**
 * Responds to requests that no route handles. Headers that were set before are kept as by {@link errorPage}.
 *
 * @example
 * app.notFound(notFoundPage())
 */
export function notFoundPage({ pages }: Pick<ErrorPageOptions, 'pages'> = {}): NotFoundHandler {
  return function notFoundPage(c) {
    const response = errorResponse('not-found', c.req.raw, { ...readRequestId(c), pages })
    emitRejection(undefined, 'not-found', { context: c, ...readRequestId(c) })
    const headers = c.newResponse(null, 200).headers
    copyStagedHeaders(headers, response.headers)

    // Unlike after an error, Hono merges these headers into the response, so those of a body are removed.
    for (const name of headers.keys()) if (isRepresentationHeader(name)) c.header(name, undefined)
    return response
  }
}

/** Reads the request's id, which Hono's `requestId()` or another middleware has set. */
function readRequestId(c: Context): Pick<ErrorResponseExtra, 'requestId'> {
  const requestId: unknown = c.get('requestId')
  return typeof requestId === 'string' ? { requestId } : {}
}
