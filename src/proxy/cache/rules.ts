/**
 * Decides which requests a shared cache may serve, which responses it may store, and what the key of a response is.
 * `serve.ts` and `location.ts` call it. It does not throw. Unknown cases are not stored: other statuses, unknown `Vary`
 * names, cookies, and pages under the name of a file.
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

/** The validated options of a route's cache. */
export interface CacheRules extends FreshnessRules {
  readonly query: ReadonlySet<string>
  readonly vary: readonly VaryName[]
  readonly ignoreCookies: boolean
  readonly ranges: boolean
  readonly takes: AcceptsType | undefined
}

/** Maximum characters of a header in `vary`. A longer value bypasses the cache. */
const maxVaryLength = 200

/** Headers with which a request bypasses the cache, since only the upstream can answer it (RFC 9111 section 4.3.2). */
const bypassHeaders = ['authorization', 'origin', 'if-match', 'if-unmodified-since'] as const

/** Returns the reason for which a request bypasses the cache; undefined for a request that may use it. */
export function findBypassReason(
  request: Request,
  { vary, ignoreCookies, ranges }: CacheRules,
  ownNames: ReadonlySet<string>,
): string | undefined {
  const { method, headers } = request
  if (method !== 'GET' && method !== 'HEAD') return 'method'
  if (isWebSocketUpgrade(request)) return 'upgrade'
  for (const headerName of bypassHeaders) if (headers.has(headerName)) return headerName
  if (!ranges && headers.has('range')) return 'range'
  const cookie = headers.get('cookie')
  if (cookie !== null && (!ignoreCookies || removeCookies(cookie, ownNames) !== cookie))
    return 'cookie'

  return vary.some((varyName) => (headers.get(varyName)?.length ?? 0) > maxVaryLength)
    ? 'length'
    : undefined
}

/**
 * Whether a client only wants a cached response (RFC 9111 section 5.2.1.7). Other directives of a
 * request are ignored.
 */
export function wantsOnlyCached(headers: Headers): boolean {
  const control = parseCacheControl(headers.get('cache-control'))
  return control !== 'malformed' && control.has('only-if-cached')
}

/**
 * Returns the query with only the given parameters, sorted by name. Parameters with the same name stay in their order.
 */
export function selectQuery(search: string, names: ReadonlySet<string>): string {
  if (search === '' || names.size === 0) return ''
  const parameterName = (queryPair: string): string => queryPair.split('=', 1)[0] ?? ''
  const compareNames = (first: string, second: string): number => {
    const [firstName, secondName] = [parameterName(first), parameterName(second)]
    if (firstName === secondName) return 0
    return firstName < secondName ? -1 : 1
  }

  const keyPairs = search
    .slice(1)
    .split('&')
    .filter((queryPair) => names.has(parameterName(queryPair)))
  return keyPairs.length === 0 ? '' : `?${keyPairs.sort(compareNames).join('&')}`
}

/**
 * Selects the client's headers that are part of the key. The upstream receives no other ones, since a
 * header outside the key must not change the response.
 */
export function selectHeaders(headers: Headers, { vary }: CacheRules): Headers {
  // Responses are stored uncompressed. Platforms compress them for the client.
  const keyHeaders = new Headers({ 'accept-encoding': 'identity' })
  for (const varyName of vary) {
    const headerValue = headers.get(varyName)
    if (headerValue !== null) keyHeaders.set(varyName, headerValue)
  }

  return keyHeaders
}

/** Creates the URL under which a response is stored. Clients cannot request a path under `/.portcullis/`. */
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

/** Creates the URL under which the invalidation of all responses of an address is stored, if they vary by headers. */
export function createInvalidationUrl(
  { publicOrigin, upstream, path }: CacheTarget,
  search: string,
): string {
  return `${publicOrigin}/.portcullis/cache-invalid/${upstream}${path}?q=${encodeURIComponent(search)}`
}

/**
 * Computes how long a shared cache may store a response of the upstream; undefined if it must not be
 * stored. A response that is never fresh is stored if it has a validator, and served again after the
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

  // A nonce must be used for one response only.
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

/** Whether a response can be revalidated: it has a validator, and status 200. */
export function hasValidator(status: number, headers: Headers): boolean {
  return status === 200 && (headers.has('etag') || headers.has('last-modified'))
}

function isVaryAllowed(vary: string | null, names: readonly VaryName[]): boolean {
  if (vary === null) return true
  const knownNames: readonly string[] = ['accept-encoding', ...names]
  return vary.split(',').every((varyName) => knownNames.includes(varyName.trim().toLowerCase()))
}

/**
 * Whether the content type may belong to the file extension of the path. If a path such as `/account/x.css` returns a
 * page, the upstream may have ignored its end, and an attacker could have it cached (web cache deception).
 */
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
