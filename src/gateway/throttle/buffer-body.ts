/**
 * Buffers the body of a JSON response to a login, so that its members can prove that the login succeeded.
 * `hooks.ts` calls it. A response that is not JSON, is compressed, or is longer than 64 KB is returned
 * unread, so its body proves nothing. It rejects with `ERR_UPSTREAM_TIMEOUT` if the body takes too long
 * and with `ERR_UPSTREAM_UNREACHABLE` if it breaks off. The caller must send the returned response, since
 * the body of the given one may have been read.
 */
import { PortcullisError } from '../../errors.ts'
import { maxResponseBytes } from '../../limit/throttle/success/success.ts'
import { joinChunks, resumeBody } from '../../request/body/chunks.ts'

/** The text of a JSON body of at most 64 KB, or undefined, and a response with the complete body. */
export interface BufferedBody {
  readonly text: string | undefined
  readonly response: Response
}

/**
 * Reads a body until it is complete or over the maximum.
 *
 * @param timeoutMs - milliseconds for the whole body. It is needed since a client's disconnect does not end a login.
 * @throws {PortcullisError} `ERR_UPSTREAM_TIMEOUT` after `timeoutMs`, `ERR_UPSTREAM_UNREACHABLE` for a body that breaks
 *   off
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
