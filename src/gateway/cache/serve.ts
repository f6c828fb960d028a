/** Answers requests from a cache, and fills it. */
import { isPortcullisError } from '../../errors.ts'
import { refusal } from '../../page/index.ts'
import { discard } from '../proxy.ts'
import { type Asking, answerFromKept, answerFromUpstream, marked } from './answer.ts'
import { addValidators, confirms, mergeHeaders } from './conditions.ts'
import type { CacheVisit } from './context.ts'
import { addressOf, type Cache, placeOf } from './place.ts'
import { bypassOf, freshnessOf, hasValidator, keyedHeaders, keyedQuery, wantsOnlyCached } from './rules.ts'
import { type Kept, keep, lookUp, type Place, restore } from './store.ts'

/** One request that may be answered from a cache. */
interface Turn {
  readonly visit: CacheVisit
  readonly cache: Cache
  readonly place: Place
  readonly asking: Asking
  readonly search: string
  readonly headers: Headers
  readonly epoch: string
  /** How many changes this isolate had heard of when the request came. */
  readonly changes: number
}

/** Answers from what is kept; or passes the request on, and keeps the answer where it may be kept. */
export async function serveCached(visit: CacheVisit, cache: Cache): Promise<Response> {
  const { request, requestId } = visit
  const { rules, store, most } = cache
  const bypass = store === undefined ? 'no-cache-here' : bypassOf(request, rules, visit.ownNames)
  if (store === undefined || bypass !== undefined) return pastCache(visit, bypass)

  const search = keyedQuery(visit.search, rules.query)
  const headers = keyedHeaders(request.headers, rules)
  const place = placeOf(visit, rules, store, search, headers)
  const now = visit.clock()
  const asking: Asking = { request, requestId, now, most, ranges: rules.ranges }
  const changes = cache.changes.count
  const { kept, epoch } = await lookUp(place, now)
  const turn: Turn = { visit, cache, place, asking, search, headers, epoch, changes }
  if (kept !== undefined && kept.age < kept.fresh) {
    return marked(await answerFromKept(kept, asking), `hit; ttl=${kept.fresh - kept.age}`)
  }
  if (wantsOnlyCached(request.headers)) {
    if (kept) discard(kept.response)
    return marked(refusal('fault', request, { requestId, status: 504 }), 'detail=only-if-cached')
  }
  if (kept !== undefined && kept.age < kept.fresh + kept.whileRevalidate && refreshLater(turn)) {
    const status = `hit; ttl=${kept.fresh - kept.age}; detail=stale-while-revalidate`
    return marked(await answerFromKept(kept, asking), status)
  }
  if (request.method === 'HEAD' || request.headers.has('range')) {
    if (kept) discard(kept.response)
    return request.method === 'HEAD' ? marked(await visit.pass(), 'fwd=method') : pastCache(visit, 'range')
  }
  return fetchAndKeep(turn, kept)
}

async function pastCache(visit: CacheVisit, detail: string | undefined): Promise<Response> {
  return marked(await visit.pass(), `fwd=bypass; detail=${detail}`)
}

/** Asks the upstream, with the validators of what is kept, and keeps what it answers. */
async function fetchAndKeep(turn: Turn, kept: Kept | undefined, background = false): Promise<Response> {
  const { visit, asking } = turn
  const spare = kept !== undefined && kept.age < kept.fresh + kept.stale ? kept : undefined
  const headers = new Headers(turn.headers)
  const old = kept && restore(kept)
  const conditional = old !== undefined && hasValidator(old.status, old.headers)
  if (conditional) addValidators(headers, old.headers)
  const requestedAt = visit.clock()
  let said: Headers | undefined
  let response: Response
  try {
    response = await visit.pass({
      search: turn.search,
      headers,
      outlives: background,
      heard(came): void {
        said = came
      },
    })
  } catch (error) {
    if (spare === undefined || !isUpstreamFailure(error) || visit.request.signal.aborted) throw error
    return marked(await answerFromKept(spare, asking), 'fwd=stale; detail=stale-if-error')
  }

  if (spare !== undefined && response.status >= 500) {
    discard(response)
    const status = `fwd=stale; fwd-status=${response.status}; detail=stale-if-error`
    return marked(await answerFromKept(spare, asking), status)
  }
  if (conditional && response.status === 304) {
    if (said !== undefined && confirms(said, old.headers)) return freshen(turn, old, { response, said, requestedAt })
    // A 304 about something else than what is kept: asked again without a condition.
    discard(old)
    return fetchAndKeep(turn, undefined, background)
  }
  if (kept !== undefined) discard(kept.response)
  const stored = said !== undefined && store(turn, response, said, requestedAt)
  const status = `fwd=${kept ? 'stale' : 'uri-miss'}${stored ? '; stored' : ''}`
  return marked(answerFromUpstream(response, { ...asking, now: visit.clock() }), status)
}

/** Gives what is kept again, brought up to date by a 304. RFC 9111 section 4.3.4. */
async function freshen(
  turn: Turn,
  old: Response,
  came: { readonly response: Response; readonly said: Headers; readonly requestedAt: number },
): Promise<Response> {
  const { response, said, requestedAt } = came
  const { visit, asking } = turn
  const headers = mergeHeaders(old.headers, response.headers)
  const updated = new Response(old.body, { status: old.status, headers })
  // What is taken out of an answer on its way still says that it is for one client.
  const judged = new Headers(headers)
  for (const name of ['set-cookie', 'portcullis-session']) if (said.has(name)) judged.set(name, 'said')
  const stored = store(turn, updated, judged, requestedAt)
  for (const cookie of response.headers.getSetCookie()) updated.headers.append('set-cookie', cookie)
  const answer = answerFromUpstream(updated, { ...asking, now: visit.clock() })
  return marked(answer, `fwd=stale; fwd-status=304${stored ? '; stored' : ''}`)
}

/** Keeps an answer where it may be kept, in the background. */
function store(
  { visit, cache, place, epoch, changes }: Turn,
  response: Response,
  said: Headers,
  requestedAt: number,
): boolean {
  const now = visit.clock()
  const times = { requestedAt, receivedAt: now }
  // RFC 9111 section 4.4: what was under way while its address changed may be of before.
  if ((cache.changes.last.get(addressOf(place)) ?? 0) > changes) return false
  const freshness = freshnessOf(response.status, said, visit.path, cache.rules, times)
  if (freshness === undefined) return false
  const validated = hasValidator(response.status, said)
  const work = keep(place, response, { ...freshness, now, epoch, most: cache.most, validated })
  if (work === undefined) return false
  visit.waitUntil?.(work)
  return true
}

/** Milliseconds after which an isolate no longer counts on a refresh that it began. */
const longestRefresh = 60_000

/** Asks for another answer while the kept one is given; false where nothing can run after an answer. */
function refreshLater(turn: Turn): boolean {
  const { visit, place, cache, asking } = turn
  const { refreshing } = cache
  if (visit.waitUntil === undefined) return false
  const key = place.key.url
  const since = refreshing.get(key)
  // A clock that went back to before it began ends the wait for it.
  const age = since === undefined ? longestRefresh : asking.now - since
  if (age >= 0 && age < longestRefresh) return true
  refreshing.set(key, asking.now)
  // The client's own condition is about what it is given now.
  const request = new Request(visit.request.url)
  const work = lookUp(place, asking.now)
    .then(({ kept, epoch }) => fetchAndKeep({ ...turn, epoch, asking: { ...asking, request } }, kept, true))
    .then(discard)
    .catch(() => {})
    .finally(() => refreshing.delete(key))
  visit.waitUntil(work)
  return true
}

/** Only where the upstream is what failed: a fault of ours is shown. */
function isUpstreamFailure(error: unknown): boolean {
  return isPortcullisError(error) && error.code.startsWith('ERR_UPSTREAM_')
}
