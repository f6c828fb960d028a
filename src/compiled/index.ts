/**
 * Exports `portcullis/compiled`: security headers and csrf protection from options that a build has validated and
 * compiled, for the smallest bundle. Applications call `compiledHeaders()` and `compiledCsrf()`, which throw a
 * `ConfigError` (`ERR_CONFIG`) for data of another release.
 */
export type { CsrfReason } from '../csrf/check.ts'
export type { CompiledCsrf } from '../csrf/compiled.ts'
export type { CsrfContext, TokenCheck } from '../csrf/guard.ts'
export type { CompiledHeader, CompiledHeaders } from '../headers/compiled-format.ts'
export { type FillNonce, fillNonce } from '../headers/csp/placeholder.ts'
export type { CompiledCsrfOptions } from './csrf.ts'
export type { CompiledHeadersOptions } from './headers.ts'
export { compiledCsrf, compiledHeaders } from './middleware.ts'
