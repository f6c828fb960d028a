/**
 * Creates the request to an upstream, once for each attempt, so that attempts share no headers and no nonce.
 * `forward.ts` creates the builder for each request, and `retry.ts` calls it. It throws nothing of its own. The body of
 * the client is a stream that can be sent only once, so requests with a body must not be retried.
 */
import { randomId } from '../../crypto/index.ts'
import { mayHaveBody, type ReadableHeaders } from '../../request/index.ts'
import type { SharedRequest } from '../cache/context.ts'
import { narrowAccepted } from '../codings.ts'
import type { UpstreamRequest } from '../fetch/fetch-upstream.ts'
import {
  createUpstreamHeaders,
  type ForwardedFields,
  listStrippedNames,
} from '../request-headers.ts'
import { createUpstreamUrl, findTarget } from '../target.ts'
import type { ForwardContext, LoginAttemptHooks } from './context.ts'
import { requestWhole } from './whole-response.ts'

/** Changes to the request of the client. */
export interface RequestChanges {
  /** The hooks of a login attempt, if the request is one. */
  readonly login?: LoginAttemptHooks | undefined
  /**
   * Set if the response will be cached for all clients: it is requested without session, nonce and headers of this
   * client.
   */
  readonly shared?: SharedRequest | undefined
}

/** The fields that describe a session to an upstream. */
export type SessionFields = Pick<ForwardedFields, 'assertion' | 'sessions' | 'flash'>

/** A request to an upstream, and the nonce with which the response may use the session protocol. */
export interface UpstreamAttempt extends UpstreamRequest {
  readonly sessionNonce: string | undefined
}

/** Trace headers that can hold any text of a client. A shared request does not forward them. */
const traceTexts = ['tracestate', 'baggage'] as const

/** Creates the function that builds a request for each attempt. */
export function createRequestBuilder(
  ctx: ForwardContext,
  fields: SessionFields & { readonly cookieNames: ReadonlySet<string> },
  { login, shared }: RequestChanges,
  addTrace: (headers: Headers) => void,
): () => UpstreamAttempt {
  const { request, head, client, settings, upstream, rules, upgrade } = ctx
  const { method } = head
  const target = findTarget(settings, upstream.index)
  const upstreamUrl = createUpstreamUrl(target, ctx.path, shared?.search ?? ctx.search)
  const clientHeaders = shared?.headers ?? request.headers
  const knownHeaders = shared?.headers ?? head.headers
  const strippedNames = findStripped(ctx, knownHeaders, shared)
  const ignoresAbort = login?.ignoresClientAbort || shared?.outlives
  const signal = ignoresAbort ? new AbortController().signal : request.signal

  return () => {
    // Each attempt gets a new nonce, so that a response that was cached or copied from another request has no valid
    // one.
    const sessionNonce = upstream.sessions && !shared ? randomId(16) : undefined
    const headers = createUpstreamHeaders(
      clientHeaders,
      {
        requestId: ctx.requestId,
        address: shared ? undefined : ctx.address,
        host: settings.publicHost,
        https: settings.https,
        cookieNames: fields.cookieNames,
        hops: ctx.hops,
        hasBody: mayHaveBody(method),
        upgrade,
        nonce: sessionNonce,
        pageNonce: ctx.response.nonce,
        flash: fields.flash,
        assertion: fields.assertion,
        sessions: fields.sessions,
      },
      strippedNames,
      knownHeaders,
    )

    narrowAccepted(headers, client.rules)
    if (ctx.response.headers.fills && !upgrade) requestWhole(headers)
    if (ctx.authorization) headers.set('authorization', ctx.authorization)
    else if (ctx.authorization === '') headers.delete('authorization')

    login?.onRequest(headers)
    addTrace(headers)
    if (shared) for (const traceHeader of traceTexts) headers.delete(traceHeader)

    return {
      client,
      url: upstreamUrl,
      method,
      headers,
      body: login?.body === undefined ? ctx.body : { ...ctx.body, text: login.body },
      timeoutMs: rules.timeoutMs ?? upstream.timeoutMs,
      signal,
      sessionNonce,
    }
  }
}

/** Lists names of client headers that are not forwarded; undefined if `createUpstreamHeaders` has to find them. */
function findStripped(
  { upstream, strippedHeaders }: ForwardContext,
  clientHeaders: ReadableHeaders,
  shared: SharedRequest | undefined,
): readonly string[] | undefined {
  if (upstream.drops !== undefined) return listStrippedNames(clientHeaders, upstream.drops)
  return shared === undefined ? (strippedHeaders ?? listStrippedNames(clientHeaders)) : undefined
}
