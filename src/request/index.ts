/**
 * Readers of a request: its address, path, host, body and kind, each read in one defined way. Every guard, the gateway, the
 * proxy, the login, sessions, `node/` and applications use these functions; `path/` and `aliases/` find the rule of a path.
 * They throw nothing for what a client sends, but return a reason or undefined; only the reader of a body may reject.
 */
export {
  addressPrefix,
  checkPlatform,
  clientAddress,
  normaliseAddress,
  type Platform,
} from './address/address.ts'
export { type AddressRange, inRanges, parseRange } from './address/range.ts'
export { type AliasIndex, createAliasIndex } from './aliases/alias-index.ts'
export {
  type AliasReader,
  aliasReader,
  checkAliases,
  type NextPaths,
  nextAliases,
  readAliases,
} from './aliases/aliases.ts'
export type { AliasName } from './aliases/readings.ts'
export {
  BodyError,
  type BodyReason,
  type BodyRules,
  bodyBounds,
  boundBody,
  checkBody,
  declaredLength,
  defaultBodyBytes,
  type RequestWithBody,
  type WithFixedLength,
} from './body/body.ts'
export {
  type AcceptsType,
  compileContentTypes,
  isCompressed,
  mediaType,
} from './body/content-type.ts'
export { type JsonLimits, type JsonResult, parseJson, readJson } from './body/json.ts'
export { closeCodes, isCloseCode } from './close-code.ts'
export {
  type AskedHost,
  arrivedOverHttps,
  checkHttps,
  compileKnownHosts,
  type IsKnownHost,
  readHost,
} from './host.ts'
export { parseHttpDate } from './http-date.ts'
export {
  isNavigation,
  isPrefetch,
  isPreflight,
  isWebSocketUpgrade,
  type RequestLike,
} from './kind.ts'
export { type CheckLimits, compileRequestLimits, type RequestLimits } from './limits.ts'
export { isKnownMethod, isSafeMethod, mayHaveBody } from './method.ts'
export { isHttps, isLoopbackHost, readUrlHost, readUrlHostName, readUrlOrigin } from './origin.ts'
export { decodePath, foldPath } from './path/compare-path.ts'
export { isDeviceUrl } from './path/device-path.ts'
export { type CanonicalPath, canonicalPath, type PathOptions } from './path/path.ts'
export { returnPath } from './path/return-path.ts'
export { repeatRequest } from './repeat.ts'
export { type ReadableHeaders, type RequestHead, readRequestHead } from './request-head.ts'
export { isHeaderName, isRequestId } from './request-id.ts'
export {
  type ChangeableHeaders,
  findHeaders,
  findStatus,
  forgetHeaders,
  trackHeaders,
} from './tracked-headers.ts'
