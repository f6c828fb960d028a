/**
 * Serves requests from a cache, and stores responses of the upstream in it. `public-cache.ts` calls it for each request
 * of a route with a cache. It rejects as forwarding does (`ERR_UPSTREAM_TIMEOUT` for example), unless a stale response
 * may be served. Storing and refreshing run in the background with `waitUntil`, and their errors are swallowed. A
 * response that was requested before its address was invalidated is not stored. `Cache-Control: only-if-cached` without
 * a fresh response gets 504.
 */
import { isPortcullisError } from '../../errors.ts'
import { errorResponse } from '../../page/index.ts'
import { discardBody } from '../fetch/fetch-upstream.ts'
import { addValidators, confirmsCached, mergeHeaders } from './conditions.ts'
import type { CacheContext } from './context.ts'
import { type CacheParts, cacheAddress, findCacheLocation } from './location.ts'
import {
  type CacheRequest,
  respondFromCache,
  respondFromUpstream,
  withCacheStatus,
} from './respond.ts'
import {
  findBypassReason,
  hasValidator,
  readFreshness,
  selectHeaders,
  selectQuery,
  wantsOnlyCached,
} from './rules.ts'
import {
  type CachedResponse,
  type CacheLocation,
  lookUp,
  restoreResponse,
  storeResponse,
} from './store.ts'

/** One request that may be served from a cache. */
interface CacheTurn {
  readonly ctx: CacheContext
  readonly cache: CacheParts
  readonly cacheLocation: CacheLocation
  readonly cacheRequest: CacheRequest
  /** The query that is part of the key. */
  readonly search: string
  /** The headers that are part of the key. */
  readonly headers: Headers
  /** The last invalidation of the address that the cache knew of at the look-up. */
  readonly epoch: string
  /** The number of invalidations of this isolate when the request arrived. */
  readonly changes: number
}

/** Responds from the cache, or forwards the request and caches the response if that is allowed. */
export async function serveCached(ctx: CacheContext, cache: CacheParts): Promise<Response> {
  const { request, requestId } = ctx
  const { rules, store, most: maxBytes } = cache
  const bypassReason =
    store === undefined ? 'no-cache-here' : findBypassReason(request, rules, ctx.ownNames)
  if (store === undefined || bypassReason !== undefined) return bypassCache(ctx, bypassReason)

  const search = selectQuery(ctx.search, rules.query)
  const headers = selectHeaders(request.headers, rules)
  const cacheLocation = findCacheLocation(ctx, { rules, store }, search, headers)
  const now = ctx.clock()
  const cacheRequest: CacheRequest = {
    request,
    requestId,
    now,
    most: maxBytes,
    ranges: rules.ranges,
  }

  const changes = cache.changes.count
  const { kept: cached, epoch: cacheEpoch } = await lookUp(cacheLocation, now)
  const cacheTurn: CacheTurn = {
    ctx,
    cache,
    cacheLocation,
    cacheRequest,
    search,
    headers,
    epoch: cacheEpoch,
    changes,
  }

  if (cached !== undefined && cached.age < cached.fresh) {
    return withCacheStatus(
      await respondFromCache(cached, cacheRequest),
      `hit; ttl=${cached.fresh - cached.age}`,
    )
  }

  if (wantsOnlyCached(request.headers)) {
    if (cached) discardBody(cached.response)
    return withCacheStatus(
      errorResponse('fault', request, { requestId, status: 504 }),
      'detail=only-if-cached',
    )
  }

  if (
    cached !== undefined &&
    cached.age < cached.fresh + cached.whileRevalidate &&
    refreshLater(cacheTurn)
  ) {
    const status = `hit; ttl=${cached.fresh - cached.age}; detail=stale-while-revalidate`
    return withCacheStatus(await respondFromCache(cached, cacheRequest), status)
  }

  if (request.method === 'HEAD' || request.headers.has('range')) {
    if (cached) discardBody(cached.response)
    return request.method === 'HEAD'
      ? withCacheStatus(await ctx.pass(), 'fwd=method')
      : bypassCache(ctx, 'range')
  }

  return fetchAndStore(cacheTurn, cached)
}

async function bypassCache(ctx: CacheContext, bypassDetail: string | undefined): Promise<Response> {
  return withCacheStatus(await ctx.pass(), `fwd=bypass; detail=${bypassDetail}`)
}

/**
 * Forwards the request with the validators of the cached response, and caches the upstream's
 * response.
 */
async function fetchAndStore(
  cacheTurn: CacheTurn,
  cached: CachedResponse | undefined,
  background = false,
): Promise<Response> {
  const { ctx, cacheRequest } = cacheTurn
  const staleResponse =
    cached !== undefined && cached.age < cached.fresh + cached.stale ? cached : undefined
  const headers = new Headers(cacheTurn.headers)
  const oldResponse = cached && restoreResponse(cached)
  const conditional =
    oldResponse !== undefined && hasValidator(oldResponse.status, oldResponse.headers)
  if (conditional) addValidators(headers, oldResponse.headers)
  const requestedAt = ctx.clock()
  let upstreamHeaders: Headers | undefined
  let response: Response
  try {
    response = await ctx.pass({
      search: cacheTurn.search,
      headers,
      outlives: background,
      receiveHeaders(received): void {
        upstreamHeaders = received
      },
    })
  } catch (error) {
    if (staleResponse === undefined || !isUpstreamFailure(error) || ctx.request.signal.aborted)
      throw error
    return withCacheStatus(
      await respondFromCache(staleResponse, cacheRequest),
      'fwd=stale; detail=stale-if-error',
    )
  }

  if (staleResponse !== undefined && response.status >= 500) {
    discardBody(response)
    const status = `fwd=stale; fwd-status=${response.status}; detail=stale-if-error`
    return withCacheStatus(await respondFromCache(staleResponse, cacheRequest), status)
  }

  if (conditional && response.status === 304) {
    if (upstreamHeaders !== undefined && confirmsCached(upstreamHeaders, oldResponse.headers))
      return freshen(cacheTurn, oldResponse, { response, upstreamHeaders, requestedAt })

    // The 304 is about another response than the cached one, so the request is sent again without a condition.
    discardBody(oldResponse)
    return fetchAndStore(cacheTurn, undefined, background)
  }

  if (cached !== undefined) discardBody(cached.response)
  const isStored =
    upstreamHeaders !== undefined && store(cacheTurn, response, upstreamHeaders, requestedAt)
  const status = `fwd=${cached ? 'stale' : 'uri-miss'}${isStored ? '; stored' : ''}`

  return withCacheStatus(
    respondFromUpstream(response, { ...cacheRequest, now: ctx.clock() }),
    status,
  )
}

/** Serves the cached response again after a 304, whose headers update it (RFC 9111 section 4.3.4). */
async function freshen(
  cacheTurn: CacheTurn,
  oldResponse: Response,
  confirmation: {
    readonly response: Response
    readonly upstreamHeaders: Headers
    readonly requestedAt: number
  },
): Promise<Response> {
  const { response, upstreamHeaders, requestedAt } = confirmation
  const { ctx, cacheRequest } = cacheTurn
  const headers = mergeHeaders(oldResponse.headers, response.headers)
  const updatedResponse = new Response(oldResponse.body, { status: oldResponse.status, headers })
  // These headers are no longer in the response, but they show that it is for one client, so that it is not stored.
  const storableHeaders = new Headers(headers)
  for (const headerName of ['set-cookie', 'portcullis-session'])
    if (upstreamHeaders.has(headerName)) storableHeaders.set(headerName, 'present')

  const isStored = store(cacheTurn, updatedResponse, storableHeaders, requestedAt)
  for (const cookie of response.headers.getSetCookie())
    updatedResponse.headers.append('set-cookie', cookie)

  const clientResponse = respondFromUpstream(updatedResponse, { ...cacheRequest, now: ctx.clock() })

  return withCacheStatus(clientResponse, `fwd=stale; fwd-status=304${isStored ? '; stored' : ''}`)
}

/** Stores a response in the background if that is allowed. Returns false if it is not stored. */
function store(
  { ctx, cache, cacheLocation, epoch: cacheEpoch, changes }: CacheTurn,
  response: Response,
  upstreamHeaders: Headers,
  requestedAt: number,
): boolean {
  const now = ctx.clock()
  const responseTimes = { requestedAt, receivedAt: now }
  // If the address was invalidated since the request was sent, the response may be outdated (RFC 9111 section 4.4).
  if ((cache.changes.last.get(cacheAddress(cacheLocation)) ?? 0) > changes) return false
  const responseHead = { status: response.status, headers: upstreamHeaders }
  const freshness = readFreshness(responseHead, ctx.path, cache.rules, responseTimes)
  if (freshness === undefined) return false
  const hasValidators = hasValidator(response.status, upstreamHeaders)
  const storing = storeResponse(cacheLocation, response, {
    ...freshness,
    now,
    epoch: cacheEpoch,
    most: cache.most,
    validated: hasValidators,
  })

  if (storing === undefined) return false
  ctx.waitUntil?.(storing)

  return true
}

/** Milliseconds after which a background refresh that has not ended may begin again. */
const maxRefreshMs = 60_000

/**
 * Requests a new response in the background while the cached one is served. Returns false if the
 * platform has no `waitUntil`.
 */
function refreshLater(cacheTurn: CacheTurn): boolean {
  const { ctx, cacheLocation, cache, cacheRequest } = cacheTurn
  const { refreshing } = cache
  if (ctx.waitUntil === undefined) return false
  const cacheKey = cacheLocation.key.url
  const startedAt = refreshing.get(cacheKey)
  // A negative age means that the clock was set back. A new refresh then begins.
  const ageMs = startedAt === undefined ? maxRefreshMs : cacheRequest.now - startedAt
  if (ageMs >= 0 && ageMs < maxRefreshMs) return true
  refreshing.set(cacheKey, cacheRequest.now)
  // The conditions of the client's request apply to the cached response only, so the refresh is sent without them.
  const request = new Request(ctx.request.url)
  const refresh = lookUp(cacheLocation, cacheRequest.now)
    .then(({ kept: cached, epoch: cacheEpoch }) =>
      fetchAndStore(
        { ...cacheTurn, epoch: cacheEpoch, cacheRequest: { ...cacheRequest, request } },
        cached,
        true,
      ),
    )
    .then(discardBody)
    .catch(() => {})
    .finally(() => refreshing.delete(cacheKey))

  ctx.waitUntil(refresh)

  return true
}

/** Whether the upstream has failed. A stale response must not hide an error of the gateway itself. */
function isUpstreamFailure(error: unknown): boolean {
  return isPortcullisError(error) && error.code.startsWith('ERR_UPSTREAM_')
}
