/** Hands a request to its upstream and makes the client's answer of what comes back. */
import { randomId } from '../crypto/index.ts'
import { isPortcullisError } from '../errors.ts'
import type { SharedRequest } from '../proxy/cache/public-cache.ts'
import { toClientResponse } from '../proxy/client-response.ts'
import { matchCoding, narrowAccepted } from '../proxy/codings.ts'
import {
  discardBody,
  type UpstreamRequest,
  type UpstreamResponse,
} from '../proxy/fetch-upstream.ts'
import { createUpstreamHeaders, stoppedNames } from '../proxy/request-headers.ts'
import { createUpstreamUrl } from '../proxy/target.ts'
import { clientAddress, mayHaveBody } from '../request/index.ts'
import { neverStore } from '../session/handle/caching.ts'
import { applyCommand, authorizeHeader } from '../session-protocol/apply.ts'
import { deliverFlash, orPutBack } from '../session-protocol/flash.ts'
import { encodeSessionList } from '../session-protocol/list.ts'
import type { LoadedSession } from './checks/load-session.ts'
import { type CompiledGateway, findStrategy } from './compile.ts'
import type { RequestContext } from './request-context.ts'
import { fetchWithRetry, isRetryable, type RetryContext } from './retry.ts'
import { askWhole, checkWhole } from './routes/placeholder.ts'
import type { Route } from './routes/route.ts'
import type { Settings } from './settings.ts'
import type { LoginAttemptHooks } from './throttle/types.ts'
import type { CompiledUpstream } from './upstreams.ts'
import { recordRetry, timeUpstream } from './watch.ts'

/** What was decided before a request is handed on. */
export interface ForwardContext {
  readonly route: Route
  readonly upstream: CompiledUpstream
  readonly settings: Settings
  readonly who: LoadedSession | undefined
  readonly upgrade: boolean
  readonly hops: number
  readonly body: UpstreamRequest['body']
  /** Where the request is a login that may be tried. */
  readonly login?: LoginAttemptHooks
  /** Where the answer is to be anybody's: no session, nonce or header of this client is told. */
  readonly shared?: SharedRequest
}

/**
 * Asks the upstream. What it asks of the session is done before the first byte of the answer goes out.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`, `ERR_UPSTREAM_PAUSED`, and what a session's verbs throw
 * @throws {BodyError} for a body that turned out too long
 */
export async function forwardToUpstream(
  plan: CompiledGateway,
  visit: RequestContext,
  passage: ForwardContext,
): Promise<Response> {
  const { request, requestId } = visit
  const { route, upstream, settings, who, upgrade, hops, body, login, shared } = passage
  const { method } = request
  const target = settings.targets[upstream.index] as Settings['targets'][number]
  const url = createUpstreamUrl(target, visit.path, shared?.search ?? visit.search)
  // A new one for each attempt: an answer that was kept or copied from another request does not know it.
  let nonce = upstream.sessions && !shared ? randomId(16) : undefined
  visit.nonce = upgrade || shared ? undefined : (visit.secure ?? plan.secure).nonceFor(request)
  // Before the assertion: what is taken is written, and the assertion tells the version.
  const takes = !upgrade && !shared && route.sessions?.includes('flash') === true
  const flash = takes ? await deliverFlash(visit.session, request) : undefined
  const said = {
    requestId,
    address: shared ? undefined : clientAddress(request.headers, plan.platform),
    host: settings.publicHost,
    https: settings.https,
    cookieNames: plan.cookieNames,
    hops,
    hasBody: mayHaveBody(method),
    upgrade,
    nonce,
    pageNonce: visit.nonce,
    flash: flash?.header,
    assertion: who && plan.assertions && (await createAssertion(plan, passage)),
    sessions: route.sessions?.includes('list')
      ? await listSessions(plan, visit, passage)
      : undefined,
  }
  const sent = shared?.headers ?? request.headers
  const stopped = upstream.drops
    ? stoppedNames(sent, upstream.drops)
    : shared
      ? undefined
      : visit.stopped
  const headers = createUpstreamHeaders(sent, said, stopped)
  narrowAccepted(headers, visit.client.rules)
  const { fills } = visit.secure ?? plan.secure
  if (fills && !upgrade) askWhole(headers)
  login?.tell(headers)
  const outgoing: UpstreamRequest = {
    client: visit.client,
    url,
    method,
    headers,
    body: login?.body === undefined ? body : { ...body, text: login.body },
    timeoutMs: route.timeoutMs ?? upstream.timeoutMs,
    // Who leaves before the answer to a login changes nothing: what became of it is still heard. So is what a cache fetches anew.
    signal: login?.outlives || shared?.outlives ? new AbortController().signal : request.signal,
  }
  const errand: RetryContext = {
    upstream,
    requestId,
    repeatable:
      !upgrade && login === undefined && isRetryable(request, route, body.body !== undefined),
    onRetry(): void {
      if (visit.notes !== undefined) recordRetry(visit.notes)
      if (nonce === undefined) return
      nonce = randomId(16)
      headers.set('portcullis-session-nonce', nonce)
    },
  }
  const received = await orPutBack(flash, () =>
    timeUpstream(plan, visit, headers, () => {
      // Of a trace its ids go along, which are digits; these are words of this client.
      if (shared) for (const name of ['tracestate', 'baggage']) headers.delete(name)
      return fetchWithRetry(plan, outgoing, errand)
    }),
  )
  login?.answered()
  shared?.heard(received.headers)
  const answer = await matchCoding(received, method, visit.client.rules)
  try {
    const response = toClientResponse(answer, {
      method,
      url,
      target,
      publicOrigin: settings.publicOrigin,
      https: settings.https,
      cookieNames: plan.cookieNames,
      mayEnd: route.sessions?.some((verb) => verb.startsWith('end')) === true,
      upgrade,
      requestId,
      lifeMs: () => maxConnectionMs(plan, passage),
    })
    if (fills && !upgrade) checkWhole(response)
    await applySessionHeader(plan, visit, passage, nonce, answer, response)
    return login === undefined ? response : await login.settle(response, outgoing.timeoutMs)
  } catch (error) {
    discardBody(answer)
    throw error
  }
}

/** Does what the upstream asks of the session, where it may ask. */
async function applySessionHeader(
  plan: CompiledGateway,
  visit: RequestContext,
  { route, upstream, who, login }: ForwardContext,
  nonce: string | undefined,
  answer: UpstreamResponse,
  response: Response,
): Promise<void> {
  const header = answer.headers.get('portcullis-session')
  if (header === null) return
  // Whatever becomes of it: an answer that speaks of one session is for nobody else.
  if (response.status !== 101) neverStore(response.headers)
  const { request, env } = visit
  const strategy = findStrategy(plan, env)
  const versions = strategy?.kind === 'stored'
  const judged = authorizeHeader(header, {
    method: request.method,
    status: answer.status,
    route,
    nonce,
    versions,
  })
  if (judged.ok && strategy) {
    visit.session ??= strategy.open({ request, env })
    try {
      if (judged.order.verb === 'start') login?.starting(response)
      await applyCommand({ session: visit.session, strategy, env }, judged.order)
      if (judged.order.verb === 'start') login?.started()
      return
    } catch (error) {
      // The cookie of a session that was ended on another device: its upstream was told of none, and the page is for anybody.
      if (
        judged.order.verb !== 'set' ||
        who !== undefined ||
        !isPortcullisError(error, 'ERR_SESSION_ENDED')
      )
        throw error
      plan.emit({
        type: 'session-write-dropped',
        reason: 'ended',
        request: visit.requestId,
        subject: upstream.name,
      })
      return
    }
  }
  const reason = judged.ok ? 'not-granted' : judged.reason
  plan.emit({
    type: 'session-header-refused',
    reason,
    request: visit.requestId,
    subject: upstream.name,
  })
}

async function createAssertion(
  plan: CompiledGateway,
  { route, who, settings, upstream }: ForwardContext,
): Promise<string | undefined> {
  const info = route.anonymous || !settings.keys ? undefined : await who?.info()
  if (info === undefined || who === undefined || settings.keys === undefined) return undefined
  const subject = {
    upstream: upstream.name,
    session: info.id,
    authenticatedAt: info.authenticatedAt,
    // A visitor's data is whatever an upstream put there: nobody has signed in as that user.
    user: who.facts.signedIn ? plan.user?.(who.data) : undefined,
    version: info.version,
    claims: plan.claims?.(who.data),
  }
  return plan.assertions?.(subject, settings.keys, settings.issuer, plan.clock())
}

/** The shorter of what the route allows and what is left of the session. Ending it sooner does not reach a socket. */
function maxConnectionMs(
  plan: CompiledGateway,
  { route, who }: ForwardContext,
): number | undefined {
  const { maxSocketSeconds = 3600 } = route
  const most = maxSocketSeconds === false ? undefined : maxSocketSeconds * 1000
  // Longer than a timer can run there is no session worth the name either: it is at most 400 days, a timer 24.
  const left = who && Math.min(Math.max(1, who.facts.expiresAt - plan.clock()), maxTimerMs)
  return most === undefined || left === undefined ? (most ?? left) : Math.min(most, left)
}
const maxTimerMs = 2_147_483_647

/** Only where who is asking was found signed in: a visitor has one session, this one. */
async function listSessions(
  plan: CompiledGateway,
  visit: RequestContext,
  { who }: ForwardContext,
): Promise<string | undefined> {
  if (!who?.facts.signedIn || visit.session === undefined) return undefined
  // An upstream that is told nothing can say that there is no list here.
  return findStrategy(plan, visit.env)?.kind === 'stored'
    ? encodeSessionList(visit.session)
    : undefined
}
