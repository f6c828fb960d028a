/** A cache for what is the same for everybody, between the gateway and an upstream. */
import { isPortcullisError } from '../errors.ts'
import { checkKeys, faults, wholeNumber } from '../options/index.ts'
import { contentTypes } from '../request/index.ts'
import type { Clock } from '../types.ts'
import {
  bypassOf,
  type CacheRules,
  type Freshness,
  freshnessOf,
  keyedHeaders,
  keyedQuery,
  keyUrl,
  type VaryName,
} from './cache-rules.ts'
import { type CacheStore, type Kept, keep, keptOf, readBack, runtimeCache } from './cache-store.ts'
import { discard } from './proxy.ts'

/** Options of {@link publicCache}. */
export interface CacheOptions {
  /**
   * Seconds an answer with 200 is kept whose upstream does not say how long (`Cache-Control`, `Expires`). Its word counts
   * where there is one. Default: not kept. At most 31,536,000, a year.
   */
  readonly maxAge?: number
  /** Seconds beyond that for which it is still given where the upstream fails: no answer, or 5xx. Default 0, at most a year. */
  readonly staleIfError?: number
  /** Query parameters that make a difference; no other reaches the upstream. Default none. */
  readonly query?: readonly string[]
  /** Request headers that make a difference; of the client's no other reaches the upstream. Default none. */
  readonly vary?: readonly VaryName[]
  /**
   * What becomes of a request with cookies. `'bypass'`: it goes past the cache, as it is. `'ignore'`: it is answered from
   * the cache and its cookies never reach the upstream, for routes that know no cookies on sites that set some. With one of
   * ours it always goes past. Default `'bypass'`.
   */
  readonly cookies?: 'bypass' | 'ignore'
  /** Content types that are kept, such as `['text/css', 'image/*']`. Default: every one that is declared. */
  readonly types?: readonly string[]
  /** Bytes of the largest body that is kept. Default 1,048,576 (1 MB), at most 16 MB: it is held in memory until it is whole. */
  readonly maxBytes?: number
  /** Where answers are kept. Default: the runtime's `caches.default`, which Workers have; without one nothing is kept. */
  readonly store?: CacheStore
}

/** A request made in everybody's name. */
export interface SharedRequest {
  readonly search: string
  readonly headers: Headers
  /** Called with the upstream's headers as they came. */
  heard(headers: Headers): void
}

/** What a cache needs to know of a request. */
export interface CacheVisit {
  readonly request: Request
  readonly requestId: string
  /** Canonical. */
  readonly path: string
  readonly search: string
  readonly publicOrigin: string
  readonly upstream: string
  readonly ownNames: ReadonlySet<string>
  readonly clock: Clock
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  /** Hands it to the upstream: as it is, or in everybody's name. */
  pass(shared?: SharedRequest): Promise<Response>
}

/** What {@link publicCache} makes, for the option `cache` of a route. */
export interface RouteCache {
  /** Answers from what is kept; or passes the request on, and keeps the answer where it may be kept. */
  serve(visit: CacheVisit): Promise<Response>
}

/**
 * Makes the option `cache` of a public route. What is kept lies under scheme, public host, canonical path, the parameters in
 * `query` and the headers in `vary`, and was asked for with nothing else of the client in it: no other parameter, header or
 * cookie can make one visitor's answer another's. `Cache-Status` tells what happened (RFC 9211).
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @see docs/proxy.md for what is never kept
 */
export function publicCache(options: CacheOptions = {}): RouteCache {
  const wrong = faults('publicCache')
  checkKeys(wrong, options, ['maxAge', 'staleIfError', 'query', 'vary', 'cookies', 'types', 'maxBytes', 'store'])
  const { maxAge, staleIfError, query = [], vary = [], cookies = 'bypass', types, maxBytes, store } = { ...options }
  const year = { least: 1, most: 31_536_000, unit: 'seconds' }
  if (!Array.isArray(query) || !query.every((name) => typeof name === 'string' && /^[\w.~[\]-]{1,64}$/.test(name))) {
    wrong.add('query', 'must be a list of parameter names, spelled as in a query')
  }
  if (!Array.isArray(vary) || !vary.every((name) => name === 'accept' || name === 'accept-language')) {
    wrong.add('vary', "must be a list of 'accept' and 'accept-language'")
  }
  if (cookies !== 'bypass' && cookies !== 'ignore') wrong.add('cookies', "must be 'bypass' or 'ignore'")
  if (store !== undefined && (typeof store?.match !== 'function' || typeof store.put !== 'function')) {
    wrong.add('store', 'must have match and put')
  }
  const rules: CacheRules = {
    maxAge: maxAge === undefined ? undefined : wholeNumber(wrong, 'maxAge', maxAge, 1, year),
    staleIfError: wholeNumber(wrong, 'staleIfError', staleIfError, 0, { ...year, least: 0 }),
    query: new Set(query),
    vary,
    ignoreCookies: cookies === 'ignore',
    takes: types === undefined ? undefined : contentTypes(types, wrong.under('types')),
  }
  const most = wholeNumber(wrong, 'maxBytes', maxBytes, 1_048_576, { least: 1, most: 16_777_216, unit: 'bytes' })
  wrong.done()
  return { serve: (visit) => serve(visit, rules, store ?? runtimeCache(), most) }
}

async function serve(
  at: CacheVisit,
  rules: CacheRules,
  store: CacheStore | undefined,
  most: number,
): Promise<Response> {
  const { request, path } = at
  const bypass = store === undefined ? 'no-cache-here' : bypassOf(request, rules, at.ownNames)
  if (store === undefined || bypass !== undefined) return told(await at.pass(), `fwd=bypass; detail=${bypass}`)
  const search = keyedQuery(at.search, rules.query)
  const headers = keyedHeaders(request.headers, rules)
  const key = new Request(keyUrl(at.publicOrigin, at.upstream, path, search, headers))
  const kept = await keptOf(store, key, at.clock())
  if (kept !== undefined && kept.age < kept.fresh) return give(at, kept, `hit; ttl=${kept.fresh - kept.age}`)
  if (request.method === 'HEAD') {
    if (kept) discard(kept.response)
    return told(await at.pass(), 'fwd=method')
  }
  return ask(at, rules, { store, key, most, search, headers }, kept)
}

interface Errand {
  readonly store: CacheStore
  readonly key: Request
  readonly most: number
  readonly search: string
  readonly headers: Headers
}

async function ask(at: CacheVisit, rules: CacheRules, errand: Errand, kept: Kept | undefined): Promise<Response> {
  const { search, headers, store, key, most } = errand
  const spare = kept !== undefined && kept.age < kept.fresh + kept.stale ? kept : undefined
  let said: Headers | undefined
  let response: Response
  try {
    response = await at.pass({ search, headers, heard: (came) => (said = came) })
  } catch (error) {
    if (spare === undefined || !isUpstreams(error) || at.request.signal.aborted) throw error
    return give(at, spare, 'fwd=stale; detail=stale-if-error')
  }
  if (spare !== undefined && response.status >= 500) {
    discard(response)
    return give(at, spare, `fwd=stale; fwd-status=${response.status}; detail=stale-if-error`)
  }
  if (kept !== undefined) discard(kept.response)
  const fresh: Freshness | undefined = said && freshnessOf(response.status, said, at.path, rules, at.clock())
  const work = fresh && keep(store, key, response, { ...fresh, now: at.clock(), most })
  if (work !== undefined) at.waitUntil?.(work)
  return told(response, `fwd=${kept ? 'stale' : 'uri-miss'}${work ? '; stored' : ''}`)
}

/** Only where the upstream is what failed: a fault of ours is shown. */
function isUpstreams(error: unknown): boolean {
  return isPortcullisError(error) && error.code.startsWith('ERR_UPSTREAM_')
}

function give(at: CacheVisit, kept: Kept, status: string): Response {
  return told(readBack(kept, at.request, at.requestId), status)
}

function told(response: Response, status: string): Response {
  // A handshake's headers stay as they are.
  if (response.status !== 101) response.headers.append('cache-status', `portcullis; ${status}`)
  return response
}
