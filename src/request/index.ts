export {
  addressPrefix,
  checkPlatform,
  clientAddress,
  normaliseAddress,
  type Platform,
} from './address.ts'
export { type AliasIndex, createAliasIndex } from './alias-index.ts'
export type { AliasName } from './alias-readings.ts'
export {
  type AliasReader,
  aliasReader,
  checkAliases,
  type NextPaths,
  nextAliases,
  readAliases,
} from './aliases.ts'
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
} from './body.ts'
export { closeCodes, isCloseCode } from './close-code.ts'
export { decodePath, foldPath } from './compare-path.ts'
export { type AcceptsType, compileContentTypes, isCompressed, mediaType } from './content-type.ts'
export {
  type AskedHost,
  arrivedOverHttps,
  checkHttps,
  compileKnownHosts,
  type IsKnownHost,
  readHost,
} from './host.ts'
export { parseHttpDate } from './http-date.ts'
export { type JsonLimits, type JsonResult, parseJson, readJson } from './json.ts'
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
export { type CanonicalPath, canonicalPath, type PathOptions } from './path.ts'
export { type AddressRange, inRanges, parseRange } from './range.ts'
export { isHeaderName, isRequestId } from './request-id.ts'
export { returnPath } from './return-path.ts'
