/**
 * Joins the chunks of a body, or puts them back in front of the rest that was not read. The method
 * override, the throttle and the cache call it. It reads no further than its caller does.
 */

/** Joins chunks whose lengths add up to `byteLength`. */
export function joinChunks(
  chunks: readonly Uint8Array[],
  byteLength: number,
): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(byteLength)
  let position = 0

  for (const chunk of chunks) {
    joined.set(chunk, position)
    position += chunk.byteLength
  }

  return joined
}

/** Streams the chunks that were read, and then the rest of the body. It empties `chunks`. */
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
