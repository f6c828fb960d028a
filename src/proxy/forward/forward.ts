/**
 * Forwards a request to its upstream and creates the client's response. It signs the assertion, adds waiting messages
 * and the list of sessions, sends the request with retries, and applies the session command of the response. The
 * forward phase of the gateway and `exchange.ts` of `proxy()` call it. It rejects with `ERR_UPSTREAM_TIMEOUT`,
 * `ERR_UPSTREAM_UNREACHABLE`, `ERR_UPSTREAM_PAUSED`, a `BodyError`, errors of the session store, or a `ConfigError` of
 * the claims; the callers map them to responses.
 */
import type { SignAssertion } from '../../assertion/sign.ts'
import { deliverFlash, orPutBack } from '../../session-protocol/flash.ts'
import { encodeSessionList } from '../../session-protocol/list.ts'
import type { Clock, Emit } from '../../types.ts'
import { type ResponseRules, toClientResponse } from '../client-response.ts'
import { matchCoding } from '../codings.ts'
import { discardBody } from '../fetch/fetch-upstream.ts'
import {
  fetchWithRetry,
  isRetryable,
  type RetryPolicy,
  type UpstreamExchange,
} from '../fetch/retry.ts'
import { findTarget } from '../target.ts'
import type { ForwardContext, LoadedSession } from './context.ts'
import { createSessionHeaderApplier, type ForwardSessions } from './session-header.ts'
import {
  createRequestBuilder,
  type RequestChanges,
  type SessionFields,
  type UpstreamAttempt,
} from './upstream-request.ts'
import { checkWhole } from './whole-response.ts'

/** Observes the exchange with an upstream, for a monitor. */
export interface ForwardObserver<C extends ForwardContext> {
  /** Adds the headers of a trace to the upstream request. */
  addTrace(ctx: C, headers: Headers): void
  /** Measures an exchange, which `send` performs. */
  observeUpstream<T extends { readonly response: Response }>(
    ctx: C,
    send: () => Promise<T>,
  ): Promise<T>
  recordRetry(ctx: C): void
}

/** The options of forwarding. */
export interface ForwardOptions<C extends ForwardContext> {
  readonly sessions: ForwardSessions<C>
  /** Names of our own cookies, which upstreams do not receive and must not set. */
  readonly cookieNames: ReadonlySet<string>
  /** Signs assertions; undefined if upstreams get none. */
  readonly sign: SignAssertion | undefined
  readonly user: ((data: object) => string | undefined) | undefined
  readonly claims: ((data: object) => object) | undefined
  readonly observer: ForwardObserver<C>
  readonly clock: Clock
  readonly emit: Emit
}

/**
 * Forwards a request. Session commands in the upstream's response are applied before the response is sent.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`, `ERR_UPSTREAM_PAUSED`, and errors of
 *   the session
 * @throws {BodyError} for a body that proves too long
 */
export type Forward<C extends ForwardContext> = (
  ctx: C,
  session: LoadedSession | undefined,
  changes?: RequestChanges,
) => Promise<Response>

/** Maximum milliseconds of a timer, 2^31 - 1 (24.8 days). Sessions may last longer, up to 400 days. */
const maxTimerMs = 2_147_483_647
const defaultSocketSeconds = 3600

/** Creates the function that forwards requests. */
export function createForward<C extends ForwardContext>(options: ForwardOptions<C>): Forward<C> {
  const { sessions, cookieNames, observer } = options
  const applySessionHeader = createSessionHeaderApplier(sessions, options)

  return async function forward(ctx, session, changes = {}) {
    const { upgrade, response: page } = ctx
    const { login, shared: sharedRequest } = changes
    page.nonce = upgrade || sharedRequest ? undefined : page.headers.nonceFor(ctx.head)
    // Messages are taken before the assertion is signed: that writes the session, and the assertion names its version.
    const flashDelivery = takesFlash(ctx, changes)
      ? await deliverFlash(ctx.session, ctx.request)
      : undefined
    const sessionFields: SessionFields = {
      flash: flashDelivery?.header,
      assertion: session && options.sign && (await createAssertion(options, ctx, session)),
      sessions: listsSessions(ctx, session) ? await listSessions(options, ctx) : undefined,
    }

    const addTrace = (headers: Headers): void => observer.addTrace(ctx, headers)
    const buildRequest = createRequestBuilder(
      ctx,
      { ...sessionFields, cookieNames },
      changes,
      addTrace,
    )

    const { request, response: upstreamResponse } = await orPutBack(flashDelivery, () =>
      observer.observeUpstream(ctx, () =>
        fetchWithRetry(buildRequest, createRetryPolicy(options, ctx, changes)),
      ),
    )

    login?.onResponse()
    sharedRequest?.receiveHeaders(upstreamResponse.headers)
    const pendingResponse = matchCoding(upstreamResponse, request.method, ctx.client.rules)
    const decodedResponse =
      pendingResponse instanceof Promise ? await pendingResponse : pendingResponse
    try {
      const exchange = { request, response: decodedResponse }
      const { response, sessionHeader } = toClientResponse(
        decodedResponse,
        createResponseRules(options, ctx, exchange, session),
      )
      if (page.headers.fills && !upgrade) checkWhole(response)
      if (sessionHeader !== undefined) {
        const { status } = decodedResponse
        const nonce = request.sessionNonce
        await applySessionHeader({ ctx, session, login, nonce, status, sessionHeader, response })
      }

      return login === undefined ? response : await login.settle(response, request.timeoutMs)
    } catch (error) {
      discardBody(decodedResponse)
      throw error
    }
  }
}

/** Whether the upstream receives the messages that wait for this client. */
function takesFlash({ upgrade, rules }: ForwardContext, { shared }: RequestChanges): boolean {
  return !upgrade && !shared && rules.sessions?.includes('flash') === true
}

function createRetryPolicy<C extends ForwardContext>(
  { clock, emit, observer }: ForwardOptions<C>,
  ctx: C,
  { login }: RequestChanges,
): RetryPolicy {
  const { head, upstream, requestId, rules, upgrade } = ctx
  const hasBody = ctx.body.body !== undefined
  return {
    upstream,
    retryable: !upgrade && login === undefined && isRetryable(head, rules.retry, hasBody),
    requestId,
    clock,
    emit,
    onRetry: () => observer.recordRetry(ctx),
  }
}

function createResponseRules<C extends ForwardContext>(
  { cookieNames, clock }: ForwardOptions<C>,
  ctx: C,
  { request }: UpstreamExchange<UpstreamAttempt>,
  session: LoadedSession | undefined,
): ResponseRules {
  const { settings, upstream, rules, upgrade, requestId } = ctx
  return {
    method: request.method,
    url: request.url,
    target: findTarget(settings, upstream.index),
    publicOrigin: settings.publicOrigin,
    https: settings.https,
    cookieNames,
    mayEnd: rules.sessions?.some((verb) => verb.startsWith('end')) === true,
    upgrade,
    requestId,
    lifeMs: () => maxConnectionMs(rules.maxSocketSeconds, session, clock()),
  }
}

async function createAssertion<C extends ForwardContext>(
  { sign: signAssertion, user, claims, clock }: ForwardOptions<C>,
  { rules, settings, upstream }: C,
  session: LoadedSession,
): Promise<string | undefined> {
  const { keys: assertionKeys, issuer } = settings
  if (signAssertion === undefined || assertionKeys === undefined || rules.anonymous)
    return undefined

  const sessionInfo = await session.info()
  if (sessionInfo === undefined) return undefined

  const subject = {
    upstream: upstream.name,
    session: sessionInfo.id,
    authenticatedAt: sessionInfo.authenticatedAt,
    bound: sessionInfo.bound,
    // A session without a login names no user, since an upstream may have written any data to it.
    user: session.facts.signedIn ? user?.(session.data) : undefined,
    version: sessionInfo.version,
    claims: claims?.(session.data),
  }

  return signAssertion(subject, assertionKeys, issuer, clock())
}

/** Whether the upstream gets a list of the user's sessions. A visitor who is not signed in has no other session. */
function listsSessions({ rules }: ForwardContext, session: LoadedSession | undefined): boolean {
  return session?.facts.signedIn === true && rules.sessions?.includes('list') === true
}

async function listSessions<C extends ForwardContext>(
  { sessions }: ForwardOptions<C>,
  { session: sessionHandle, env }: C,
): Promise<string | undefined> {
  if (sessionHandle === undefined) return undefined
  // Only stored sessions have a list. The upstream sees by the absent header that there is none.
  return sessions.findStrategy(env)?.kind === 'stored'
    ? encodeSessionList(sessionHandle)
    : undefined
}

/**
 * Returns the milliseconds after which a WebSocket or a stream of events is closed: the limit of the route, or the end
 * of the session if that is sooner. A logout before that does not close it.
 */
function maxConnectionMs(
  maxSocketSeconds: number | false = defaultSocketSeconds,
  session: LoadedSession | undefined,
  now: number,
): number | undefined {
  const limits: number[] = []
  if (maxSocketSeconds !== false) limits.push(maxSocketSeconds * 1000)
  if (session !== undefined) {
    limits.push(Math.min(Math.max(1, session.facts.expiresAt - now), maxTimerMs))
  }

  return limits.length === 0 ? undefined : Math.min(...limits)
}
