/**
 * Handles one request of `proxy()`. It checks path, WebSocket origin, body and loops as the gateway does, and
 * forwards the request with the gateway's code. `middleware.ts` creates the function and calls it. Rejections (400,
 * 403, 413, 501 and others by reason) and upstream errors (502, 503, 504) become responses. It rejects with other
 * errors: a `ConfigError` of the environment, or an error of the session store. Csrf, access and limits are not
 * checked here.
 */

import { randomId } from '../crypto/index.ts'
import { emitEvent } from '../events.ts'
import { errorResponse, findReason } from '../page/index.ts'
import {
  BodyError,
  canonicalPath,
  checkBody,
  clientAddress,
  isWebSocketUpgrade,
  readRequestHead,
} from '../request/index.ts'
import type { FlushableHandle } from '../session/index.ts'
import type { Reason } from '../types.ts'
import { UpstreamPaused } from './fetch/retry.ts'
import type { ForwardContext, LoadedSession } from './forward/context.ts'
import { createForward } from './forward/forward.ts'
import type { CompiledProxy } from './options.ts'
import { maxHops, readHops } from './request-headers.ts'

/** The request of the app, with the values of its context that are used. */
export interface ProxyRequest {
  readonly request: Request
  readonly env: unknown
  /** The id of the request, if the app has set one. */
  readonly requestId: string | undefined
  /** The nonce of the page's policy, if the app sends one. */
  readonly pageNonce: string | undefined
  /** The session of the request; undefined without the option `sessions`. */
  readonly session: FlushableHandle<object> | undefined
  /** The object with which events are emitted, so that they reach the listener of the request. */
  readonly eventContext: object
}

/**
 * Forwards a request to the upstream. Errors of the upstream become responses; it rejects with other
 * errors, such as a ConfigError or an error of the session store.
 */
export type ProxyExchange = (request: ProxyRequest) => Promise<Response>

/** Reasons of errors that become responses. Other errors are thrown to the app. */
const upstreamReasons: ReadonlySet<Reason> = new Set([
  'upstream-timeout',
  'upstream-unreachable',
  'upstream-paused',
])

/** Creates the function that handles the requests of one proxy. */
export function createExchange(compiledProxy: CompiledProxy): ProxyExchange {
  const { sessions, emit } = compiledProxy
  const forward = createForward<ForwardContext>({
    sessions: {
      findStrategy: (env) => sessions?.chosen?.(env) ?? sessions,
      open: ({ session }) => session,
    },
    cookieNames: new Set(sessions?.cookieNames ?? []),
    sign: compiledProxy.sign,
    user: compiledProxy.user,
    claims: compiledProxy.claims,
    observer: {
      addTrace() {},
      observeUpstream: (_ctx, send) => send(),
      recordRetry() {},
    },
    clock: compiledProxy.clock,
    emit,
  })

  return async function exchange(input) {
    const requestId = input.requestId ?? randomId()
    const reject = (reason: Reason, headers: RejectHeaders = []): Response => {
      const event = { type: 'request-refused', reason, request: requestId } as const
      emitEvent(emit, event, input.eventContext)
      return errorResponse(reason, input.request, { requestId, headers })
    }

    const checkedRequest = await checkRequest(compiledProxy, input, requestId)
    if (checkedRequest.type === 'redirected') return redirect(checkedRequest.location)
    if (checkedRequest.type === 'rejected') return reject(checkedRequest.reason)
    try {
      return await forward(checkedRequest.ctx, await loadSession(input.session))
    } catch (error) {
      if (error instanceof BodyError) return reject(error.reason)
      const reason = findReason(error)
      if (!upstreamReasons.has(reason)) throw error
      const isPaused = error instanceof UpstreamPaused

      return reject(reason, isPaused ? [['Retry-After', `${error.retryAfter}`]] : [])
    }
  }
}

type RejectHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** The context of a request that may be forwarded, or the reason or redirect for one that may not. */
type CheckedRequest =
  | { readonly type: 'allowed'; readonly ctx: ForwardContext }
  | { readonly type: 'rejected'; readonly reason: Reason }
  | { readonly type: 'redirected'; readonly location: string }

/**
 * Checks path, WebSocket origin, body and loops, on which forwarding relies. `csrf()` checks the origin of other
 * requests.
 */
async function checkRequest(
  compiledProxy: CompiledProxy,
  { request, env, pageNonce, session, eventContext }: ProxyRequest,
  requestId: string,
): Promise<CheckedRequest> {
  const head = readRequestHead(request)
  const { headers, method, url } = head
  const canonical = canonicalPath(url)
  if (!canonical.ok) {
    const isRead = method === 'GET' || method === 'HEAD'
    return canonical.redirect !== undefined && isRead
      ? { type: 'redirected', location: canonical.redirect }
      : rejectedWith(canonical.reason)
  }

  const environment = await compiledProxy.resolve(env)
  const { origin, host, protocol } = environment.publicOrigin ?? new URL(url)
  const upgrade = isWebSocketUpgrade(head)
  const clientOrigin = headers.get('origin')
  if (upgrade && clientOrigin !== null && clientOrigin !== origin) {
    return rejectedWith('cross-origin-upgrade')
  }

  if (upgrade && !compiledProxy.client.upgrades) return rejectedWith('upgrade-unsupported')

  const maxBytes = compiledProxy.maxBodyBytes
  const body = checkBody(request, { maxBytes })
  if (!body.ok) return rejectedWith(body.reason)
  const hopCount = readHops(headers) + 1
  if (hopCount > maxHops) return rejectedWith('upstream-loop')

  const ctx: ForwardContext = {
    ...{ request, head, env, requestId, eventContext, hops: hopCount, upgrade, session },
    address: clientAddress(headers, compiledProxy.platform),
    client: compiledProxy.client,
    path: canonical.path,
    search: canonical.search,
    settings: {
      publicOrigin: origin,
      publicHost: host,
      https: protocol === 'https:',
      issuer: origin,
      targets: [environment.target],
      keys: environment.keys,
    },
    upstream: compiledProxy.upstream,
    rules: compiledProxy.rules,
    body: { body: body.body, length: body.length, maxBytes },
    strippedHeaders: undefined,
    response: { headers: { fills: false, nonceFor: () => pageNonce }, nonce: undefined },
  }

  return { type: 'allowed', ctx }
}

function rejectedWith(reason: Reason): CheckedRequest {
  return { type: 'rejected', reason }
}

function redirect(location: string): Response {
  return new Response(null, { status: 308, headers: { location, 'cache-control': 'no-store' } })
}

async function loadSession(
  handle: FlushableHandle<object> | undefined,
): Promise<LoadedSession | undefined> {
  const data = await handle?.get()
  const sessionFacts = data && handle?.facts()
  return handle && data && sessionFacts && { data, facts: sessionFacts, info: () => handle.info() }
}
