/**
 * Creates the option `cache` of a public route: a shared cache between the gateway and an upstream, for responses that
 * are the same for every client. Applications call `publicCache()`; `forward-cached.ts` serves requests through it, and
 * the forward phase invalidates it. Wrong options throw a `ConfigError` (`ERR_CONFIG`). Without a store, as outside
 * Workers, nothing is cached and every request is forwarded. Errors of the store count as an empty cache.
 */

import {
  booleanOption,
  checkKeys,
  createIssues,
  type Issues,
  parseWholeNumber,
} from '../../options/index.ts'
import { compileContentTypes } from '../../request/index.ts'
import type { Clock } from '../../types.ts'
import { isStrippedRequestHeader } from '../header-filters.ts'
import type { CacheContext, CacheTarget } from './context.ts'
import type { StaleRule } from './freshness.ts'
import { type CachedRoutes, createInvalidateCache, type InvalidateCache } from './invalidate.ts'
import { createInvalidationTimes } from './invalidation-times.ts'
import { type CacheParts, invalidateCached } from './location.ts'
import type { CacheRules, VaryName } from './rules.ts'
import { serveCached } from './serve.ts'
import { type CacheStore, findRuntimeCache } from './store.ts'

export type { CacheContext, CacheTarget, SharedRequest } from './context.ts'

/** Options of {@link publicCache}. */
export interface CacheOptions {
  /**
   * Seconds for which a response with 200 is cached if its upstream sets no lifetime
   * (`Cache-Control`, `Expires`). The upstream's own lifetime takes precedence. Default: not
   * cached. At most 31,536,000, a year.
   */
  readonly maxAge?: number
  /**
   * Seconds after its lifetime for which a response is still served if the upstream fails: without a response, or with
   * 5xx. A `stale-if-error` of the upstream can shorten this time; with `'upstream'` only that directive decides.
   * Default 0, at most a year.
   */
  readonly staleIfError?: number | 'upstream'
  /**
   * Seconds after its lifetime for which a response is still served while a new one is requested in the background. A
   * `stale-while-revalidate` of the upstream can shorten this time; with `'upstream'` only that directive decides. It
   * needs a platform with `waitUntil`. Default 0, at most a year.
   */
  readonly staleWhileRevalidate?: number | 'upstream'
  /** Query parameters that select a response. The upstream receives no other parameter. Default none. */
  readonly query?: readonly string[]
  /**
   * Request headers that select a response, in lower case; the upstream receives no other header of
   * the client. Each value of a header is cached separately: choose headers with few values. None
   * may identify the client. Default none.
   */
  readonly vary?: readonly VaryName[]
  /**
   * Whether requests with `Range` are served from whole cached responses. Default false: they
   * bypass the cache.
   */
  readonly ranges?: boolean
  /**
   * How a request with cookies is handled. `'bypass'`: it is forwarded without the cache.
   * `'ignore'`: it is served from the cache, and the upstream does not receive its cookies. Use that for
   * routes that need no cookies, on sites that set some. A request with a cookie of the gateway always
   * bypasses the cache. Default `'bypass'`.
   */
  readonly cookies?: 'bypass' | 'ignore'
  /**
   * Content types that are cached, such as `['text/css', 'image/*']`. Default: every response with
   * a content type.
   */
  readonly types?: readonly string[]
  /**
   * Maximum bytes of a body that is cached. Default 1,048,576 (1 MB), at most 16 MB, since it is
   * buffered in memory.
   */
  readonly maxBytes?: number
  /**
   * Stores the responses. Default: `caches.default` of the runtime, which only Workers have. Without a
   * store nothing is cached.
   */
  readonly store?: CacheStore
}

/** The value of the option `cache` of a route, which {@link publicCache} creates. */
export interface RouteCache {
  /**
   * Responds from the cache, or forwards the request and caches the response if that is allowed.
   */
  serve(ctx: CacheContext): Promise<Response>
  /** Invalidates all cached responses of an address. It never rejects. */
  invalidate(target: CacheTarget): Promise<void>
  /** Creates the function that invalidates the caches of a route table after a response. */
  createInvalidate(routes: CachedRoutes, clock: Clock): InvalidateCache
  /** Reads the outcome of a request from the response. */
  readOutcome(response: Response): CacheOutcome
}

/** The outcome of a request at the cache. */
export type CacheOutcome = 'hit' | 'stale' | 'miss' | 'bypass'

const optionKeys: ReadonlyArray<keyof CacheOptions> = [
  'maxAge',
  'staleIfError',
  'staleWhileRevalidate',
  'query',
  'vary',
  'ranges',
  'cookies',
  'types',
  'maxBytes',
  'store',
]
const yearBounds = { min: 0, max: 31_536_000, unit: 'seconds' } as const

/**
 * Creates the option `cache` of a public route. The key of a response is scheme, public host, canonical path, the
 * parameters in `query` and the headers in `vary`. The upstream receives no other parameter, header or cookie of the
 * client, so that one visitor cannot change the response for another one. It is a shared cache by RFC 9111, and the
 * header `Cache-Status` names the outcome (RFC 9211).
 *
 * @example
 * ```ts
 * const route = {
 *   path: '/assets/*',
 *   to: 'app',
 *   access: 'public',
 *   cache: publicCache({ maxAge: 3600, query: ['v'] }),
 * }
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 * @see docs/proxy.md for responses that are never cached
 */
export function publicCache(options: CacheOptions = {}): RouteCache {
  const issues = createIssues('publicCache')
  checkKeys(issues, options, optionKeys)
  const { maxBytes, store } = { ...options }
  if (
    store !== undefined &&
    (typeof store?.match !== 'function' || typeof store.put !== 'function')
  ) {
    issues.add('store', 'must be an object with the methods match and put')
  }

  const cacheRules = compileRules({ ...options }, issues)
  const maxBodyBytes =
    parseWholeNumber(issues, 'maxBytes', maxBytes, {
      min: 1,
      max: 16_777_216,
      unit: 'bytes',
    }) ?? 1_048_576

  issues.throwIfAny()
  const refreshing = createInvalidationTimes()
  const changes = { count: 0, last: createInvalidationTimes() }
  const cache = (): CacheParts => ({
    rules: cacheRules,
    store: store ?? findRuntimeCache(),
    most: maxBodyBytes,
    refreshing,
    changes,
  })

  return {
    serve: (ctx) => serveCached(ctx, cache()),
    invalidate: (target) => invalidateCached(target, cache()),
    createInvalidate: createInvalidateCache,
    readOutcome,
  }
}

function readOutcome({ headers }: Response): CacheOutcome {
  const status = headers.get('cache-status') ?? ''
  const member = status.slice(status.lastIndexOf('portcullis; ') + 12)

  if (/detail=stale-(?:if-error|while-revalidate)/.test(member)) return 'stale'
  if (member.startsWith('hit')) return 'hit'
  return /^fwd=(?:bypass|method)/.test(member) ? 'bypass' : 'miss'
}

function compileRules(options: CacheOptions, issues: Issues): CacheRules {
  const {
    maxAge,
    staleIfError,
    staleWhileRevalidate,
    query = [],
    vary = [],
    cookies = 'bypass',
    types,
  } = options

  if (
    !Array.isArray(query) ||
    !query.every(
      (queryName) => typeof queryName === 'string' && /^[\w.~[\]-]{1,64}$/.test(queryName),
    )
  ) {
    issues.add('query', 'must be a list of parameter names, spelled as in a query')
  }

  if (!Array.isArray(vary) || !vary.every(isVaryName)) {
    issues.add(
      'vary',
      "must be a list of 'accept' and 'accept-language', or of other headers " +
        'that do not identify the client',
    )
  }

  if (cookies !== 'bypass' && cookies !== 'ignore')
    issues.add('cookies', "must be 'bypass' or 'ignore'")

  return {
    maxAge:
      maxAge === undefined
        ? undefined
        : (parseWholeNumber(issues, 'maxAge', maxAge, { ...yearBounds, min: 1 }) ?? 1),
    staleIfError: parseStaleRule(staleIfError, 'staleIfError', issues),
    staleWhileRevalidate: parseStaleRule(staleWhileRevalidate, 'staleWhileRevalidate', issues),
    query: new Set(query),
    vary,
    ranges: booleanOption(issues, 'ranges', options.ranges, false),
    ignoreCookies: cookies === 'ignore',
    takes: types === undefined ? undefined : compileContentTypes(types, issues.at('types')),
  }
}

function parseStaleRule(
  secondsOption: number | 'upstream' | undefined,
  option: string,
  issues: Issues,
): StaleRule {
  if (secondsOption === 'upstream') return { assumed: 0, most: yearBounds.max }
  const seconds = parseWholeNumber(issues, option, secondsOption, yearBounds) ?? 0
  return { assumed: seconds, most: seconds }
}

/** Headers that must not be in `vary`: they identify the client, or the cache itself reads them. */
const fixedNames: ReadonlySet<string> = new Set([
  'cookie',
  'authorization',
  'origin',
  'range',
  'accept-encoding',
  'accept-ranges',
  'cache-control',
  'pragma',
  'content-length',
  'content-type',
])

function isVaryName(varyName: unknown): boolean {
  if (typeof varyName !== 'string' || !/^[a-z][a-z\d-]{0,63}$/.test(varyName)) return false
  return (
    !fixedNames.has(varyName) && !varyName.startsWith('if-') && !isStrippedRequestHeader(varyName)
  )
}
