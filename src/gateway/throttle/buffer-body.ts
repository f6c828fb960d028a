/** Looks at the body of an answer before it goes out, where it is small enough. */
import { PortcullisError } from '../../errors.ts'
import { maxResponseBytes } from '../../limit/throttle/success/success.ts'

/** The text of a body, where it is JSON of at most 64 KB, and the answer with all of its body. */
export interface BufferedBody {
  readonly text: string | undefined
  readonly response: Response
}

/**
 * Holds a body back until it is whole, or too large to be looked at.
 *
 * @param timeoutMs - milliseconds for all of it: a client that leaves does not end a login, and nobody else would.
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT`, `ERR_UPSTREAM_UNREACHABLE` for a body that breaks off
 */
export async function bufferJsonBody(response: Response, timeoutMs: number): Promise<BufferedBody> {
  const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isJson = type === 'application/json' || type.endsWith('+json')
  if (!isJson || response.body === null || response.headers.has('content-encoding'))
    return { text: undefined, response }
  if (Number(response.headers.get('content-length')) > maxResponseBytes)
    return { text: undefined, response }
  const reader = response.body.getReader()
  const parts: Uint8Array[] = []
  let [bytes, late] = [0, false]
  const timer = setTimeout(() => {
    late = true
    reader.cancel().catch(() => {})
  }, timeoutMs)
  try {
    let part = await reader.read()
    while (!part.done) {
      parts.push(part.value)
      bytes += part.value.byteLength
      if (bytes > maxResponseBytes)
        return { text: undefined, response: new Response(replayBody(parts, reader), response) }
      part = await reader.read()
    }
  } catch (cause) {
    throw new PortcullisError('ERR_UPSTREAM_UNREACHABLE', 'The answer to a login broke off', {
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
  if (late)
    throw new PortcullisError(
      'ERR_UPSTREAM_TIMEOUT',
      `The answer to a login took longer than ${timeoutMs} ms`,
    )
  const all = new Uint8Array(bytes)
  let at = 0
  for (const piece of parts) {
    all.set(piece, at)
    at += piece.byteLength
  }
  return { text: new TextDecoder().decode(all), response: new Response(all, response) }
}

/** What was read, and then what was not. */
function replayBody(
  parts: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const held = parts.shift()
      if (held !== undefined) return controller.enqueue(held)
      const part = await reader.read()
      if (part.done) controller.close()
      else controller.enqueue(part.value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
