/**
 * Sends one request to an upstream and returns its response as it is: redirects not followed,
 * bodies not read. `retry.ts` calls it for each attempt. It throws `ERR_UPSTREAM_TIMEOUT`,
 * `ERR_UPSTREAM_UNREACHABLE`, or a `BodyError` for the client's body.
 */
import { PortcullisError } from '../../errors.ts'
import { BodyError, boundBody, type WithFixedLength } from '../../request/index.ts'
import { ClientWatch } from './client-watch.ts'
import type { CompiledClient } from './upstream-client.ts'

/** Milliseconds to wait for the client's body, to tell its failure from one of the upstream. */
const bodyFailureWaitMs = 100

/** Aborts of the requests that WebSockets came from. */
const abortByBody = new WeakMap<object, () => void>()

/** A request on its way to an upstream. */
export interface UpstreamRequest {
  readonly client: CompiledClient
  readonly url: string
  readonly method: string
  readonly headers: Headers
  /** Judged by its word; without a stream for GET and HEAD, where it means nothing (RFC 9110 section 9.3.1). */
  readonly body: {
    readonly body: ReadableStream<Uint8Array> | undefined
    readonly length: number | undefined
    readonly maxBytes: number
    /** A body that was read, instead of the stream: it goes out with its length, which some servers must have. */
    readonly text?: string | Uint8Array<ArrayBuffer>
  }
  /** Milliseconds until the first byte of the answer. */
  readonly timeoutMs: number
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** A response with the socket that workerd adds to it. */
export type UpstreamResponse = Response & { readonly webSocket?: unknown }

/**
 * Sends a request to an upstream. The deadline covers the time until the first byte of the response; a body may take any
 * time, and ends when the client disconnects.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`
 * @throws {BodyError} for a body that turned out too long, or that the client broke off
 */
export async function fetchUpstream(request: UpstreamRequest): Promise<UpstreamResponse> {
  const { client, url, method, headers, body, timeoutMs, signal } = request
  // Not AbortSignal.timeout: outside workerd it would cut a slow body as well, and it costs more.
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
      // On Cloudflare a subrequest otherwise reads through the zone's cache, which knows nothing of sessions or routes.
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
    if (typeof webSocket === 'object' && webSocket !== null) abortByBody.set(webSocket, abortFetch)
    return response
  } catch (cause) {
    watch.stopListening()
    // An upstream's connection may fail because the client's has: what became of the body is known a moment later.
    if (bodySent !== undefined && !watch.hasTimedOut)
      await Promise.race([
        bodySent,
        new Promise((resolve) => setTimeout(resolve, bodyFailureWaitMs)),
      ])

    // The reader of the body learns of it first.
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

/** Drops the connection of a WebSocket that an upstream handed over. */
export function dropConnection(webSocket: object): void {
  abortByBody.get(webSocket)?.()
}

/**
 * Bounds a body by its length. If the length is known, workerd itself takes no byte more, at a third
 * of the cost of counting; any other body is counted here.
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
    // An upstream that is gone cancels the source, which closes it; a client that broke off leaves it in error.
    const isBroken = isBodyTooLong(error) || (await hasFailed(sourceStream))
    if (isBroken) onRefuse(new BodyError('body-malformed'))
  })

  return { stream: readable, settled: settlement }
}

/** Whether a stream without a reader ended in an error. */
function hasFailed(sourceStream: ReadableStream<Uint8Array>): Promise<boolean> {
  return sourceStream.getReader().closed.then(
    () => false,
    () => true,
  )
}

/** Workerd's word for it; where it finds others, an upstream seems unreachable instead. */
function isBodyTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return (
    error.message.includes('too many bytes') ||
    (error.cause !== error && isBodyTooLong(error.cause))
  )
}

/** Discards the body of a response, so that its connection is free again. */
export function discardBody(response: Response): void {
  response.body?.cancel().catch(() => {})
}
