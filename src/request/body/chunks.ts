/**
 * Joins the chunks of a body, and puts chunks that were already read in front of the rest of a
 * body. The gateway's method override and login throttle, and the proxy's cache call it.
 * `joinChunks` throws a `RangeError` where the chunks are longer than the stated length.
 * `resumeBody` reads no further than its reader asks, and fails as the body does.
 */

/** Joins chunks whose lengths add up to `byteLength`. */
export function joinChunks(
  chunks: readonly Uint8Array[],
  byteLength: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteLength)
  let position = 0

  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.byteLength
  }

  return bytes
}

/**
 * Returns a stream of the chunks that were read and then of the rest of the body. It empties
 * `chunks`.
 */
export function resumeBody(
  chunks: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const chunk = chunks.shift() ?? (await reader.read()).value
      if (chunk === undefined) controller.close()
      else controller.enqueue(chunk)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
