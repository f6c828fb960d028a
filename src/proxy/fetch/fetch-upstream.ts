/**
 * Sends one request to an upstream and returns its response unchanged: redirects are not followed, and the body is not
 * read. `retry.ts` calls it for each attempt; other files use `discardBody`, and `client-response.ts` drops WebSocket
 * connections with `dropConnection`. It rejects with `ERR_UPSTREAM_TIMEOUT` if no first byte arrives in time, with
 * `ERR_UPSTREAM_UNREACHABLE` for any other failure of the connection, and with a `BodyError` if the client's body is
 * too long or breaks off. The body of the response has no time limit.
 */
import { PortcullisError } from '../../errors.ts'
import { BodyError, boundBody, type WithFixedLength } from '../../request/index.ts'
import { ClientWatch } from './client-watch.ts'
import type { CompiledClient } from './upstream-client.ts'

/** Milliseconds to wait for the result of the client's body, which shows whether the client or the upstream failed. */
const bodyFailureWaitMs = 100

/** Functions that abort the request to which a WebSocket belongs. */
const abortBySocket = new WeakMap<object, () => void>()

/** A request to an upstream. */
export interface UpstreamRequest {
  readonly client: CompiledClient
  readonly url: string
  readonly method: string
  readonly headers: Headers
  /**
   * The body, with the length that its headers declare. GET and HEAD have none, since it has no meaning (RFC 9110
   * section 9.3.1).
   */
  readonly body: {
    readonly body: ReadableStream<Uint8Array> | undefined
    readonly length: number | undefined
    readonly maxBytes: number
    /** A body that was read, in place of the stream. It is sent with its length, which some servers need. */
    readonly text?: string | Uint8Array<ArrayBuffer>
  }
  /** Milliseconds until the first byte of the response. */
  readonly timeoutMs: number
  /** The signal that is aborted when the client disconnects. */
  readonly signal: AbortSignal
}

/** A response with the WebSocket that workerd adds to it. */
export type UpstreamResponse = Response & { readonly webSocket?: unknown }

/**
 * Sends a request to an upstream. The deadline covers the time until the first byte of the response. The body has no
 * time limit, and is aborted when the client disconnects.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`
 * @throws {BodyError} for a body of the client that proves too long, or that breaks off
 */
export async function fetchUpstream(request: UpstreamRequest): Promise<UpstreamResponse> {
  const { client, url, method, headers, body, timeoutMs, signal } = request
  // AbortSignal.timeout is not used: outside workerd it would abort a slow body too, and it costs more.
  const controller = new AbortController()
  const abortFetch = (): void => controller.abort()
  const watch = new ClientWatch({ timeoutMs, signal, abortFetch })
  let bodyError: BodyError | undefined
  let bodySent: Promise<void> | undefined

  try {
    // Node requires `duplex` where a body is a stream; the types of the DOM lack it.
    const requestInit: RequestInit & { duplex?: 'half' } = {
      method,
      headers,
      redirect: 'manual',
      // Without this, a request on Cloudflare would use the cache of the zone, which ignores sessions and routes.
      cache: 'no-store',
      signal: controller.signal,
    }

    if (body.text !== undefined) requestInit.body = body.text
    else if (body.body !== undefined) {
      const onRefuse = (error: BodyError): void => {
        bodyError = error
        abortFetch()
      }
      const { stream: boundedStream, settled: bodySettled } = boundRequestBody(
        body.body,
        body,
        onRefuse,
      )

      requestInit.body = boundedStream
      requestInit.duplex = 'half'
      bodySent = bodySettled
    }

    const response: UpstreamResponse = await client.fetch(url, requestInit)
    watch.passBody()
    const { webSocket } = response
    if (typeof webSocket === 'object' && webSocket !== null)
      abortBySocket.set(webSocket, abortFetch)
    return response
  } catch (cause) {
    watch.stopListening()
    // The connection to the upstream may have failed because the client's did. The result of the body is known a moment
    // later.
    if (bodySent !== undefined && !watch.hasTimedOut)
      await Promise.race([
        bodySent,
        new Promise((resolve) => setTimeout(resolve, bodyFailureWaitMs)),
      ])

    // If the client's body failed, that is the cause, although `fetch` reports an error of the connection.
    if (bodyError !== undefined || isBodyTooLong(cause))
      throw bodyError ?? new BodyError('body-malformed')

    if (watch.hasTimedOut)
      throw new PortcullisError('ERR_UPSTREAM_TIMEOUT', `No first byte within ${timeoutMs} ms`)

    throw new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'The upstream could not be reached', {
      cause,
    })
  } finally {
    watch.endDeadline()
  }
}

/** Drops the connection to the upstream to which a WebSocket belongs. */
export function dropConnection(webSocket: object): void {
  abortBySocket.get(webSocket)?.()
}

/**
 * Limits a body to its length. If the length is known, a stream of workerd enforces it at a third of the
 * cost. Otherwise the bytes are counted here.
 */
function boundRequestBody(
  sourceStream: ReadableStream<Uint8Array>,
  { length, maxBytes }: UpstreamRequest['body'],
  onRefuse: (error: BodyError) => void,
): { stream: ReadableStream<Uint8Array>; settled: Promise<void> } {
  const { FixedLengthStream } = globalThis as WithFixedLength
  if (length === undefined || length > maxBytes || FixedLengthStream === undefined) {
    return {
      stream: boundBody(sourceStream, { length, maxBytes, onRefuse }),
      settled: Promise.resolve(),
    }
  }

  const { readable, writable } = new FixedLengthStream(length)
  const settlement = sourceStream.pipeTo(writable).catch(async (error: unknown) => {
    // A failed upstream cancels the source, which then closes. A client that breaks off leaves the source in error.
    const isBroken = isBodyTooLong(error) || (await hasFailed(sourceStream))
    if (isBroken) onRefuse(new BodyError('body-malformed'))
  })

  return { stream: readable, settled: settlement }
}

/** Whether a stream, which nothing reads any more, has ended with an error. */
function hasFailed(sourceStream: ReadableStream<Uint8Array>): Promise<boolean> {
  return sourceStream.getReader().closed.then(
    () => false,
    () => true,
  )
}

/**
 * Whether workerd reports that a body is longer than declared. If its message changes, the upstream seems unreachable
 * instead.
 */
function isBodyTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    error.message.includes('too many bytes') ||
    (error.cause !== error && isBodyTooLong(error.cause))
  )
}

/** Discards the body of a response, so that its connection can be used again. Errors are ignored. */
export function discardBody(response: Response): void {
  response.body?.cancel().catch(() => {})
}
