export { emitRejection } from './emit-rejection.ts'
export { type ErrorResponseExtra, errorResponse, type RejectedRequest } from './error-response.ts'
export { findReason } from './find-reason.ts'
export {
  french,
  german,
  japanese,
  type PageLanguage,
  spanish,
} from './languages.ts'
export { type ErrorPageOptions, errorPage, notFoundPage } from './middleware.ts'
export {
  type PageColours,
  type PageDetails,
  type PageLink,
  type PagesOptions,
  type PageTemplate,
  pages,
  type RenderedPage,
} from './pages.ts'
export { reasonStatus, reasons } from './reasons.ts'
export {
  createReporter,
  type FailedRequest,
  type ReportError,
  type ReporterOptions,
  reportError,
} from './report.ts'
export { findStatusText, type StatusText } from './statuses.ts'
