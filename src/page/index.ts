/**
 * Responses to rejected and failed requests. `reasons.ts` and `statuses.ts` hold the texts,
 * `error-response.ts` creates problem+json or a page, `template/` gives pages the look of a site,
 * and `errorPage()` is the Hono handler. Every module that rejects requests uses it.
 */
export { emitRejection } from './emit-rejection.ts'
export { type ErrorResponseExtra, errorResponse, type RejectedRequest } from './error-response.ts'
export { findReason } from './find-reason.ts'
export { type ErrorPageOptions, errorPage, notFoundPage } from './middleware.ts'
export { reasonStatus, reasons } from './reasons.ts'
export {
  createReporter,
  type FailedRequest,
  type ReportError,
  type ReporterOptions,
  reportError,
} from './report.ts'
export { findStatusText, type StatusText } from './statuses.ts'
export {
  french,
  german,
  japanese,
  type PageLanguage,
  spanish,
} from './template/languages.ts'
export {
  type PageColours,
  type PageContent,
  type PageDetails,
  type PageLink,
  type PagesOptions,
  type PageTemplate,
  pages,
  type RenderedPage,
} from './template/pages.ts'
