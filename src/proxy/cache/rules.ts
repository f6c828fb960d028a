/**
 * Decides which requests a shared cache may serve and which responses it may store. `serve.ts` and
 * `location.ts` call it. It is pure; what it does not know is not stored.
 */
import { removeCookies } from '../../cookie/index.ts'
import {
  type AcceptsType,
  isCompressed,
  isWebSocketUpgrade,
  mediaType,
} from '../../request/index.ts'
import type { CacheTarget } from './context.ts'
import { parseCacheControl, readCacheControl } from './directives.ts'
import {
  computeFreshness,
  type Freshness,
  type FreshnessRules,
  type ResponseHead,
  type ResponseTimes,
} from './freshness.ts'

/** Request headers that may select a response, if a route lists them; in lower case. */
export type VaryName = 'accept' | 'accept-language' | (string & {})

/** Options of a route's cache, validated. */
export interface CacheRules extends FreshnessRules {
  readonly query: ReadonlySet<string>
  readonly vary: readonly VaryName[]
  readonly ignoreCookies: boolean
  readonly ranges: boolean
  readonly takes: AcceptsType | undefined
}

const longestVaried = 200

/** Headers that ask about one state of what is there: their answer is the upstream's to give. RFC 9111 section 4.3.2. */
const personal = ['authorization', 'origin', 'if-match', 'if-unmodified-since'] as const

/** Why a request goes past the cache, in both directions; undefined where it does not. */
export function findBypassReason(
  request: Request,
  { vary, ignoreCookies, ranges }: CacheRules,
  ownNames: ReadonlySet<string>,
): string | undefined {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  if (isWebSocketUpgrade(request)) return 'upgrade'
  for (const headerName of personal) if (headers.has(headerName)) return headerName
  if (!ranges && headers.has('range')) return 'range'
  const cookie = headers.get('cookie')
  if (cookie !== null && (!ignoreCookies || removeCookies(cookie, ownNames) !== cookie))
    return 'cookie'

  return vary.some((varyName) => (headers.get(varyName)?.length ?? 0) > longestVaried)
    ? 'length'
    : undefined
}

/**
 * Whether a client wants a cached response or none. RFC 9111 section 5.2.1.7; its other directives
 * are ignored.
 */
export function wantsOnlyCached(headers: Headers): boolean {
  const control = parseCacheControl(headers.get('cache-control'))
  return control !== 'malformed' && control.has('only-if-cached')
}

/** The query without parameters that are not keyed, sorted by name; those of one name stay in their order. */
export function selectQuery(search: string, names: ReadonlySet<string>): string {
  if (search === '' || names.size === 0) return ''
  const parameterName = (queryPair: string): string => queryPair.split('=', 1)[0] ?? ''
  const keptPairs = search
    .slice(1)
    .split('&')
    .filter((queryPair) => names.has(parameterName(queryPair)))
  if (keptPairs.length === 0) return ''
  return `?${keptPairs.sort((first, second) => (parameterName(first) < parameterName(second) ? -1 : parameterName(first) > parameterName(second) ? 1 : 0)).join('&')}`
}

/**
 * Selects the client's headers that are part of the key, and no others: a header outside the key
 * must not change the response.
 */
export function selectHeaders(headers: Headers, { vary }: CacheRules): Headers {
  // One form for all; platforms compress on the way to the client.
  const keyHeaders = new Headers({ 'accept-encoding': 'identity' })
  for (const varyName of vary) {
    const headerValue = headers.get(varyName)
    if (headerValue !== null) keyHeaders.set(varyName, headerValue)
  }

  return keyHeaders
}

/** The address under which an answer lies: one that no client can ask for. */
export function createKeyUrl(
  { publicOrigin, upstream, path }: CacheTarget,
  search: string,
  headers: Headers,
): string {
  let keyUrl = `${publicOrigin}/.portcullis/cache/${upstream}${path}?q=${encodeURIComponent(search)}`
  headers.forEach((headerValue, headerName) => {
    if (headerName !== 'accept-encoding')
      keyUrl += `&${headerName}=${encodeURIComponent(headerValue)}`
  })
  return keyUrl
}

/** The address under which it is noted when all forms of an answer that varies became invalid. */
export function createInvalidationUrl(
  { publicOrigin, upstream, path }: CacheTarget,
  search: string,
): string {
  return `${publicOrigin}/.portcullis/cache-invalid/${upstream}${path}?q=${encodeURIComponent(search)}`
}

/**
 * Computes how long a shared cache may store a response of the upstream; undefined: not at all. A
 * response that is never fresh is stored if it has a validator: it is served again once the
 * upstream has confirmed it.
 *
 * @see RFC 9111 sections 3, 4.2
 */
export function readFreshness(
  responseHead: ResponseHead,
  path: string,
  rules: CacheRules,
  responseTimes: ResponseTimes,
): Freshness | undefined {
  const { status, headers } = responseHead
  if (![200, 301, 308, 404, 410].includes(status)) return undefined
  if (headers.has('set-cookie') || headers.has('portcullis-session') || isCompressed(headers))
    return undefined

  // A nonce is good for one answer.
  if (/'nonce-/i.test(headers.get('content-security-policy') ?? '')) return undefined
  if (
    !isVaryAllowed(headers.get('vary'), rules.vary) ||
    !extensionMatchesType(headers, status, path, rules)
  )
    return undefined

  const control = readCacheControl(headers)
  if (control.forbidden) return undefined
  const freshness = computeFreshness(responseHead, control, rules, responseTimes)
  if (
    freshness === undefined ||
    (freshness.fresh <= freshness.age && !hasValidator(status, headers))
  )
    return undefined

  return freshness
}

/** Whether an upstream can be asked if an answer still holds. */
export function hasValidator(status: number, headers: Headers): boolean {
  return status === 200 && (headers.has('etag') || headers.has('last-modified'))
}

function isVaryAllowed(vary: string | null, names: readonly VaryName[]): boolean {
  if (vary === null) return true
  const knownNames: readonly string[] = ['accept-encoding', ...names]
  return vary.split(',').every((varyName) => knownNames.includes(varyName.trim().toLowerCase()))
}

/** A page under the name of a file is a path that its upstream read in another way than was meant. */
function extensionMatchesType(
  headers: Headers,
  status: number,
  path: string,
  { takes: takesType }: CacheRules,
): boolean {
  if (status === 301 || status === 308) return true
  const type = mediaType(headers)
  if (type === undefined || (takesType !== undefined && !takesType(headers))) return false
  const extension = /\.([a-z][a-z\d]{0,7})$/i.exec(path)?.[1]?.toLowerCase()
  if (
    extension === undefined ||
    status !== 200 ||
    (type !== 'text/html' && type !== 'application/json')
  )
    return true

  return type === 'text/html'
    ? /^(?:x?html?|php|aspx?|jsp)$/.test(extension)
    : /^(?:json|map|webmanifest)$/.test(extension)
}
