/** One request to an upstream and its answer, as it is: redirects not followed, bodies not read. */
import { PortcullisError } from '../../errors.ts'
import { BodyError, boundBody, type WithFixedLength } from '../../request/index.ts'
import type { CompiledClient } from './upstream-client.ts'

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
 * Asks an upstream. The deadline ends with the first byte of its answer: a body may take as long as it likes, and goes on
 * until the client leaves.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`
 * @throws {BodyError} for a body that turned out too long, or that the client broke off
 */
export async function fetchUpstream(request: UpstreamRequest): Promise<UpstreamResponse> {
  const { client, url, method, headers, body, timeoutMs, signal } = request
  // Not AbortSignal.timeout: outside workerd it would cut a slow body as well, and it costs more.
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  let late = false
  let refused: BodyError | undefined
  let sent: Promise<void> | undefined
  const timer = setTimeout(() => {
    late = true
    controller.abort()
  }, timeoutMs)
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  try {
    // `duplex` is asked for by Node where a body is a stream; the DOM's types do not know it.
    const init: RequestInit & { duplex?: 'half' } = {
      method,
      headers,
      redirect: 'manual',
      // On Cloudflare a subrequest otherwise reads through the zone's cache, which knows nothing of sessions or routes.
      cache: 'no-store',
      signal: controller.signal,
    }
    if (body.text !== undefined) init.body = body.text
    else if (body.body !== undefined) {
      const onRefuse = (error: BodyError): void => {
        refused = error
        abort()
      }
      const { stream, settled } = boundRequestBody(body.body, body, onRefuse)
      init.body = stream
      init.duplex = 'half'
      sent = settled
    }
    const response: UpstreamResponse = await client.fetch(url, init)
    const { webSocket } = response
    if (typeof webSocket === 'object' && webSocket !== null) aborts.set(webSocket, abort)
    return response
  } catch (cause) {
    signal.removeEventListener('abort', abort)
    // An upstream's connection may fail because the client's has: what became of the body is known a moment later.
    if (sent !== undefined && !late)
      await Promise.race([sent, new Promise((done) => setTimeout(done, afterwards))])
    // The reader of the body learns of it first.
    if (refused !== undefined || isBodyTooLong(cause))
      throw refused ?? new BodyError('body-malformed')
    if (late)
      throw new PortcullisError('ERR_UPSTREAM_TIMEOUT', `No first byte within ${timeoutMs} ms`)
    throw new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'The upstream could not be reached', {
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
}

/** Aborts of the requests that WebSockets came from. */
const aborts = new WeakMap<object, () => void>()

/** Drops the connection of a WebSocket that an upstream handed over. */
export function dropConnection(webSocket: object): void {
  aborts.get(webSocket)?.()
}

/** Milliseconds in which a body that broke off is told from an upstream that did. */
const afterwards = 100

/**
 * A body that ends where it should. Of one whose length is known workerd itself takes not a byte more, at a third of what
 * it costs to count; any other is counted here.
 */
function boundRequestBody(
  source: ReadableStream<Uint8Array>,
  { length, maxBytes }: UpstreamRequest['body'],
  onRefuse: (error: BodyError) => void,
): { stream: ReadableStream<Uint8Array>; settled: Promise<void> } {
  const { FixedLengthStream } = globalThis as WithFixedLength
  if (length === undefined || length > maxBytes || FixedLengthStream === undefined) {
    return { stream: boundBody(source, { length, maxBytes, onRefuse }), settled: Promise.resolve() }
  }
  const { readable, writable } = new FixedLengthStream(length)
  const settled = source.pipeTo(writable).catch(async (error: unknown) => {
    // An upstream that is gone cancels the source, which closes it; a client that broke off leaves it in error.
    const broken = isBodyTooLong(error) || (await hasFailed(source))
    if (broken) onRefuse(new BodyError('body-malformed'))
  })
  return { stream: readable, settled }
}

/** Whether a stream that nobody reads any more ended in an error. */
function hasFailed(source: ReadableStream<Uint8Array>): Promise<boolean> {
  return source.getReader().closed.then(
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

/** Gives up an answer whose body nobody will read, so that the connection is free again. */
export function discardBody(response: Response): void {
  response.body?.cancel().catch(() => {})
}
