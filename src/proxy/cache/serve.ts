/** Answers requests from a cache, and fills it. */
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
  /** How many changes this isolate had heard of when the request came. */
  readonly changes: number
}

/** Answers from what is kept; or passes the request on, and keeps the answer where it may be kept. */
export async function serveCached(ctx: CacheContext, cache: CacheParts): Promise<Response> {
  const { request, requestId } = ctx
  const { rules, store, most } = cache
  const bypass =
    store === undefined ? 'no-cache-here' : findBypassReason(request, rules, ctx.ownNames)
  if (store === undefined || bypass !== undefined) return bypassCache(ctx, bypass)

  const search = selectQuery(ctx.search, rules.query)
  const headers = selectHeaders(request.headers, rules)
  const place = findCacheLocation(ctx, { rules, store }, search, headers)
  const now = ctx.clock()
  const asking: CacheRequest = { request, requestId, now, most, ranges: rules.ranges }
  const changes = cache.changes.count
  const { kept, epoch } = await lookUp(place, now)
  const turn: CacheTurn = { ctx, cache, place, asking, search, headers, epoch, changes }
  if (kept !== undefined && kept.age < kept.fresh) {
    return withCacheStatus(
      await respondFromCache(kept, asking),
      `hit; ttl=${kept.fresh - kept.age}`,
    )
  }
  if (wantsOnlyCached(request.headers)) {
    if (kept) discardBody(kept.response)
    return withCacheStatus(
      errorResponse('fault', request, { requestId, status: 504 }),
      'detail=only-if-cached',
    )
  }
  if (kept !== undefined && kept.age < kept.fresh + kept.whileRevalidate && refreshLater(turn)) {
    const status = `hit; ttl=${kept.fresh - kept.age}; detail=stale-while-revalidate`
    return withCacheStatus(await respondFromCache(kept, asking), status)
  }
  if (request.method === 'HEAD' || request.headers.has('range')) {
    if (kept) discardBody(kept.response)
    return request.method === 'HEAD'
      ? withCacheStatus(await ctx.pass(), 'fwd=method')
      : bypassCache(ctx, 'range')
  }
  return fetchAndStore(turn, kept)
}

async function bypassCache(ctx: CacheContext, detail: string | undefined): Promise<Response> {
  return withCacheStatus(await ctx.pass(), `fwd=bypass; detail=${detail}`)
}

/** Asks the upstream, with the validators of what is kept, and keeps what it answers. */
async function fetchAndStore(
  turn: CacheTurn,
  kept: CachedResponse | undefined,
  background = false,
): Promise<Response> {
  const { ctx, asking } = turn
  const spare = kept !== undefined && kept.age < kept.fresh + kept.stale ? kept : undefined
  const headers = new Headers(turn.headers)
  const old = kept && restoreResponse(kept)
  const conditional = old !== undefined && hasValidator(old.status, old.headers)
  if (conditional) addValidators(headers, old.headers)
  const requestedAt = ctx.clock()
  let said: Headers | undefined
  let response: Response
  try {
    response = await ctx.pass({
      search: turn.search,
      headers,
      outlives: background,
      receiveHeaders(came): void {
        said = came
      },
    })
  } catch (error) {
    if (spare === undefined || !isUpstreamFailure(error) || ctx.request.signal.aborted) throw error
    return withCacheStatus(
      await respondFromCache(spare, asking),
      'fwd=stale; detail=stale-if-error',
    )
  }

  if (spare !== undefined && response.status >= 500) {
    discardBody(response)
    const status = `fwd=stale; fwd-status=${response.status}; detail=stale-if-error`
    return withCacheStatus(await respondFromCache(spare, asking), status)
  }
  if (conditional && response.status === 304) {
    if (said !== undefined && confirmsCached(said, old.headers))
      return freshen(turn, old, { response, said, requestedAt })
    // A 304 about something else than what is kept: asked again without a condition.
    discardBody(old)
    return fetchAndStore(turn, undefined, background)
  }
  if (kept !== undefined) discardBody(kept.response)
  const stored = said !== undefined && store(turn, response, said, requestedAt)
  const status = `fwd=${kept ? 'stale' : 'uri-miss'}${stored ? '; stored' : ''}`
  return withCacheStatus(respondFromUpstream(response, { ...asking, now: ctx.clock() }), status)
}

/** Gives what is kept again, brought up to date by a 304. RFC 9111 section 4.3.4. */
async function freshen(
  turn: CacheTurn,
  old: Response,
  came: { readonly response: Response; readonly said: Headers; readonly requestedAt: number },
): Promise<Response> {
  const { response, said, requestedAt } = came
  const { ctx, asking } = turn
  const headers = mergeHeaders(old.headers, response.headers)
  const updated = new Response(old.body, { status: old.status, headers })
  // Headers that are removed from the response still show that it is for one client.
  const judged = new Headers(headers)
  for (const name of ['set-cookie', 'portcullis-session'])
    if (said.has(name)) judged.set(name, 'said')
  const stored = store(turn, updated, judged, requestedAt)
  for (const cookie of response.headers.getSetCookie()) updated.headers.append('set-cookie', cookie)
  const answer = respondFromUpstream(updated, { ...asking, now: ctx.clock() })
  return withCacheStatus(answer, `fwd=stale; fwd-status=304${stored ? '; stored' : ''}`)
}

/** Keeps an answer where it may be kept, in the background. */
function store(
  { ctx, cache, place, epoch, changes }: CacheTurn,
  response: Response,
  said: Headers,
  requestedAt: number,
): boolean {
  const now = ctx.clock()
  const times = { requestedAt, receivedAt: now }
  // RFC 9111 section 4.4: what was under way while its address changed may be of before.
  if ((cache.changes.last.get(cacheAddress(place)) ?? 0) > changes) return false
  const head = { status: response.status, headers: said }
  const freshness = readFreshness(head, ctx.path, cache.rules, times)
  if (freshness === undefined) return false
  const validated = hasValidator(response.status, said)
  const work = storeResponse(place, response, {
    ...freshness,
    now,
    epoch,
    most: cache.most,
    validated,
  })
  if (work === undefined) return false
  ctx.waitUntil?.(work)
  return true
}

/** Milliseconds after which an isolate no longer counts on a refresh that it began. */
const longestRefresh = 60_000

/** Asks for another answer while the kept one is given; false where nothing can run after an answer. */
function refreshLater(turn: CacheTurn): boolean {
  const { ctx, place, cache, asking } = turn
  const { refreshing } = cache
  if (ctx.waitUntil === undefined) return false
  const key = place.key.url
  const since = refreshing.get(key)
  // A clock that went back to before it began ends the wait for it.
  const age = since === undefined ? longestRefresh : asking.now - since
  if (age >= 0 && age < longestRefresh) return true
  refreshing.set(key, asking.now)
  // The client's own condition is about what it is given now.
  const request = new Request(ctx.request.url)
  const work = lookUp(place, asking.now)
    .then(({ kept, epoch }) =>
      fetchAndStore({ ...turn, epoch, asking: { ...asking, request } }, kept, true),
    )
    .then(discardBody)
    .catch(() => {})
    .finally(() => refreshing.delete(key))
  ctx.waitUntil(work)
  return true
}

/** Only where the upstream is what failed: a fault of ours is shown. */
function isUpstreamFailure(error: unknown): boolean {
  return isPortcullisError(error) && error.code.startsWith('ERR_UPSTREAM_')
}
