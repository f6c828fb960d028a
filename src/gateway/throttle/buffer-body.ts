/**
 * Buffers the body of a small JSON response to a login, so that its members can prove the success.
 * `hooks.ts` calls it. It rejects with `ERR_UPSTREAM_TIMEOUT` or `ERR_UPSTREAM_UNREACHABLE` for a
 * body that does not arrive.
 */
import { PortcullisError } from '../../errors.ts'
import { maxResponseBytes } from '../../limit/throttle/success/success.ts'
import { joinChunks, resumeBody } from '../../request/body/chunks.ts'

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
  const mediaType =
    response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const isJson = mediaType === 'application/json' || mediaType.endsWith('+json')
  if (!isJson || response.body === null || response.headers.has('content-encoding'))
    return { text: undefined, response }

  if (Number(response.headers.get('content-length')) > maxResponseBytes)
    return { text: undefined, response }

  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let [byteLength, hasTimedOut] = [0, false]
  const timer = setTimeout(() => {
    hasTimedOut = true
    reader.cancel().catch(() => {})
  }, timeoutMs)
  try {
    let chunk = await reader.read()
    while (!chunk.done) {
      chunks.push(chunk.value)
      byteLength += chunk.value.byteLength
      if (byteLength > maxResponseBytes)
        return { text: undefined, response: new Response(resumeBody(chunks, reader), response) }

      chunk = await reader.read()
    }
  } catch (cause) {
    throw new PortcullisError(
      'ERR_UPSTREAM_UNREACHABLE',
      'The upstream response to a login was interrupted',
      {
        cause,
      },
    )
  } finally {
    clearTimeout(timer)
  }

  if (hasTimedOut)
    throw new PortcullisError(
      'ERR_UPSTREAM_TIMEOUT',
      `The upstream response to a login took longer than ${timeoutMs} ms`,
    )

  const joinedBytes = joinChunks(chunks, byteLength)

  return {
    text: new TextDecoder().decode(joinedBytes),
    response: new Response(joinedBytes, response),
  }
}
