/**
 * Answers requests from a cache, and fills it. `public-cache.ts` calls it for each request of a
 * cached route. It rejects as forwarding does, unless a stale response may be served instead.
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

/** One request that may be answered from a cache. */
interface CacheTurn {
  readonly ctx: CacheContext
  readonly cache: CacheParts
  readonly place: CacheLocation
  readonly asking: CacheRequest
  readonly search: string
  readonly headers: Headers
  readonly epoch: string
  /** The number of changes that this isolate knew of when the request arrived. */
  readonly changes: number
}

/** Responds from the cache; or forwards the request, and caches the response if that is allowed. */
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
    place: cacheLocation,
    asking: cacheRequest,
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
  const { ctx, asking: cacheRequest } = cacheTurn
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
      return freshen(cacheTurn, oldResponse, { response, said: upstreamHeaders, requestedAt })

    // The 304 is about another response than the cached one: forward again without a condition.
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

/** Serves the cached response again, updated by a 304. RFC 9111 section 4.3.4. */
async function freshen(
  cacheTurn: CacheTurn,
  oldResponse: Response,
  received: { readonly response: Response; readonly said: Headers; readonly requestedAt: number },
): Promise<Response> {
  const { response, said: upstreamHeaders, requestedAt } = received
  const { ctx, asking: cacheRequest } = cacheTurn
  const headers = mergeHeaders(oldResponse.headers, response.headers)
  const updatedResponse = new Response(oldResponse.body, { status: oldResponse.status, headers })
  // Headers that are removed from the response still show that it is for one client.
  const storableHeaders = new Headers(headers)
  for (const headerName of ['set-cookie', 'portcullis-session'])
    if (upstreamHeaders.has(headerName)) storableHeaders.set(headerName, 'said')

  const isStored = store(cacheTurn, updatedResponse, storableHeaders, requestedAt)
  for (const cookie of response.headers.getSetCookie())
    updatedResponse.headers.append('set-cookie', cookie)

  const clientResponse = respondFromUpstream(updatedResponse, { ...cacheRequest, now: ctx.clock() })

  return withCacheStatus(clientResponse, `fwd=stale; fwd-status=304${isStored ? '; stored' : ''}`)
}

/** Stores a response in the background, if that is allowed. */
function store(
  { ctx, cache, place: cacheLocation, epoch: cacheEpoch, changes }: CacheTurn,
  response: Response,
  upstreamHeaders: Headers,
  requestedAt: number,
): boolean {
  const now = ctx.clock()
  const responseTimes = { requestedAt, receivedAt: now }
  // RFC 9111 section 4.4: what was under way while its address changed may be of before.
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

/** Milliseconds after which an isolate no longer counts on a refresh that it began. */
const longestRefresh = 60_000

/**
 * Fetches another response while the cached one is served; false if nothing can run after a
 * response.
 */
function refreshLater(cacheTurn: CacheTurn): boolean {
  const { ctx, place: cacheLocation, cache, asking: cacheRequest } = cacheTurn
  const { refreshing } = cache
  if (ctx.waitUntil === undefined) return false
  const cacheKey = cacheLocation.key.url
  const startedAt = refreshing.get(cacheKey)
  // A clock that went back to before it began ends the wait for it.
  const ageMs = startedAt === undefined ? longestRefresh : cacheRequest.now - startedAt
  if (ageMs >= 0 && ageMs < longestRefresh) return true
  refreshing.set(cacheKey, cacheRequest.now)
  // The client's own condition is about what it is given now.
  const request = new Request(ctx.request.url)
  const work = lookUp(cacheLocation, cacheRequest.now)
    .then(({ kept: cached, epoch: cacheEpoch }) =>
      fetchAndStore(
        { ...cacheTurn, epoch: cacheEpoch, asking: { ...cacheRequest, request } },
        cached,
        true,
      ),
    )
    .then(discardBody)
    .catch(() => {})
    .finally(() => refreshing.delete(cacheKey))

  ctx.waitUntil(work)

  return true
}

/** Only where the upstream is what failed: a fault of ours is shown. */
function isUpstreamFailure(error: unknown): boolean {
  return isPortcullisError(error) && error.code.startsWith('ERR_UPSTREAM_')
}
