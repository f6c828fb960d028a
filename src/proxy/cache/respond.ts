/**
 * Creates the client's response from a cached or a new response: whole, a part, without a body, or 304, as the client's
 * conditions and range require. `serve.ts` calls it. Only reading the body of a cached response for a range can reject.
 * A body that is longer than the maximum is sent whole.
 */

import { findHeaders } from '../../request/index.ts'
import { isSameForRange, readRange } from './byte-range.ts'
import { isUnchanged } from './conditions.ts'
import { type CachedResponse, readWhole, restoreResponse } from './store.ts'

/** The request of the client, and the options with which it is served. */
export interface CacheRequest {
  readonly request: Request
  readonly requestId: string
  readonly now: number
  /** Maximum bytes of a cached body. */
  readonly most: number
  readonly ranges: boolean
}

/**
 * Creates the response from a cached one, with its age: whole, as 304, a part, or without a body, as
 * the client requested it.
 */
export async function respondFromCache(
  cachedResponse: CachedResponse,
  cacheRequest: CacheRequest,
): Promise<Response> {
  const { request, requestId, now, most: maxBytes, ranges } = cacheRequest
  const storedResponse = restoreResponse(cachedResponse)
  const { status, headers } = storedResponse
  headers.set('x-request-id', requestId)
  if (status === 200 && isUnchanged(request.headers, headers, now))
    return removeBody(storedResponse, 304)

  if (request.method === 'HEAD') return removeBody(storedResponse, status)
  if (!ranges || status !== 200) return storedResponse
  headers.set('accept-ranges', 'bytes')
  if (!request.headers.has('range') || !isSameForRange(request.headers, headers))
    return storedResponse

  const body = await readWhole(storedResponse, maxBytes)

  return body === undefined ? storedResponse : cutRange(body, headers, request.headers)
}

function cutRange(
  body: Uint8Array<ArrayBuffer>,
  headers: Headers,
  requestHeaders: Headers,
): Response {
  const byteRange = readRange(requestHeaders, body.byteLength)
  if (byteRange === undefined) return new Response(body, { headers })
  headers.delete('content-length')
  if (byteRange === 'unsatisfiable') {
    headers.set('content-range', `bytes */${body.byteLength}`)
    return new Response(null, { status: 416, headers })
  }

  headers.set('content-range', `bytes ${byteRange.first}-${byteRange.last}/${body.byteLength}`)

  return new Response(body.slice(byteRange.first, byteRange.last + 1), { status: 206, headers })
}

/**
 * Returns the upstream's response to a request that was sent without the client's condition; 304 if
 * the client already has that response.
 */
export function respondFromUpstream(response: Response, { request, now }: CacheRequest): Response {
  if (response.status !== 200 || !isUnchanged(request.headers, response.headers, now))
    return response
  return removeBody(response, 304)
}

function removeBody(response: Response, status: number): Response {
  response.body?.cancel().catch(() => {})
  const headers = new Headers(response.headers)
  if (status === 304) headers.delete('content-length')
  return new Response(null, { status, headers })
}

/** Appends the outcome to the header `Cache-Status` (RFC 9211). */
export function withCacheStatus(response: Response, status: string): Response {
  // The headers of a WebSocket handshake are not changed.
  if (response.status !== 101) findHeaders(response).append('cache-status', `portcullis; ${status}`)
  return response
}
