/** One request to an upstream and its answer, as it is: redirects not followed, bodies not read. */
import { PortcullisError } from '../errors.ts'
import { type BodyError, boundBody } from '../request/index.ts'

/** A request on its way to an upstream. */
export interface Outgoing {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  /** Judged by its word; without a stream for GET and HEAD, where it means nothing (RFC 9110 section 9.3.1). */
  readonly body: {
    readonly body: ReadableStream<Uint8Array> | undefined
    readonly length: number | undefined
    readonly maxBytes: number
    /** A body that was read, instead of the stream: it goes out with its length, which some servers must have. */
    readonly text?: string
  }
  /** Milliseconds until the first byte of the answer. */
  readonly timeoutMs: number
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

/** What workerd adds to an answer that hands over a socket. */
export type UpstreamResponse = Response & { readonly webSocket?: unknown }

/**
 * Asks an upstream. The deadline ends with the first byte of its answer: a body may take as long as it likes, and goes on
 * until the client leaves.
 *
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE`
 * @throws {BodyError} for a body that turned out too long
 */
export async function askUpstream(fetch: typeof globalThis.fetch, request: Outgoing): Promise<UpstreamResponse> {
  const { url, method, headers, body, timeoutMs, signal } = request
  // Not AbortSignal.timeout: outside workerd it would cut a slow body as well, and it costs more.
  const controller = new AbortController()
  const leave = (): void => controller.abort()
  let late = false
  let refused: BodyError | undefined
  const timer = setTimeout(() => {
    late = true
    controller.abort()
  }, timeoutMs)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  try {
    // `duplex` is asked for by Node where a body is a stream; the DOM's types do not know it.
    const init: RequestInit & { duplex?: 'half' } = { method, headers, redirect: 'manual', signal: controller.signal }
    if (body.text !== undefined) init.body = body.text
    else if (body.body !== undefined) {
      const onRefuse = (error: BodyError): void => {
        refused = error
        leave()
      }
      Object.assign(init, { body: boundBody(body.body, { ...body, onRefuse }), duplex: 'half' })
    }
    return await fetch(url, init)
  } catch (cause) {
    signal.removeEventListener('abort', leave)
    if (refused !== undefined) throw refused
    if (late) throw new PortcullisError('ERR_UPSTREAM_TIMEOUT', `No first byte within ${timeoutMs} ms`)
    throw new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'The upstream could not be reached', { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** Gives up an answer whose body nobody will read, so that the connection is free again. */
export function discard(response: Response): void {
  response.body?.cancel().catch(() => {})
}
