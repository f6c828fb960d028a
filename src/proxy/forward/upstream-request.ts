/**
 * Builds the request to an upstream: once for each attempt, so that no attempt shares headers or a
 * nonce with another. `forward.ts` creates the builder for each request. It throws nothing of its
 * own.
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

/** Differences from the client's request. */
export interface RequestChanges {
  /** Where the request is a login attempt. */
  readonly login?: LoginAttemptHooks | undefined
  /** Where the response is to be shared: it is requested without session, nonce or any header of this client. */
  readonly shared?: SharedRequest | undefined
}

/** The fields that describe a session to an upstream. */
export type SessionFields = Pick<ForwardedFields, 'assertion' | 'sessions' | 'flash'>

/** A request to an upstream, and the nonce by which the response may use the session protocol. */
export interface UpstreamAttempt extends UpstreamRequest {
  readonly sessionNonce: string | undefined
}

/** Headers in which a client sends text of its own along with a trace. Its ids, which are hexadecimal, are forwarded. */
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
    // A new nonce for each attempt: a response that was cached or copied from another request cannot present a valid one.
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

/** Names of client headers that the upstream does not get; undefined where they are still to be found. */
function findStripped(
  { upstream, strippedHeaders }: ForwardContext,
  clientHeaders: ReadableHeaders,
  shared: SharedRequest | undefined,
): readonly string[] | undefined {
  if (upstream.drops !== undefined) return listStrippedNames(clientHeaders, upstream.drops)
  return shared === undefined ? (strippedHeaders ?? listStrippedNames(clientHeaders)) : undefined
}
