/**
 * Responses to rejected and failed requests, for applications (`portcullis/page`), the gateway, the
 * proxy, the Vercel guard and the Node server. `reasons.ts` and `statuses.ts` have the texts,
 * `error-response.ts` creates problem+json or a page, `template/` gives pages the look of a site,
 * and `errorPage()` is the Hono handler. `pages()` throws a `ConfigError` for wrong options;
 * responses never contain the reason or the error.
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
