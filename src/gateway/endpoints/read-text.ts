/**
 * Reads the body of a request as text, up to a maximum number of bytes. The collector of browser reports
 * and the console call it. A body that is longer, or that breaks off, gives an empty text and no error, so
 * callers cannot tell it from an empty body. Bytes that are not UTF-8 become replacement characters.
 */

/** Reads the body as text. Returns an empty text if the body is longer than `maxBytes`, or breaks off. */
export async function readBoundedText({ body }: Request, maxBytes: number): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let [decodedText, length] = ['', 0]
  try {
    for (;;) {
      const { done: isDone, value: chunk } = await reader.read()
      if (isDone) return decodedText + decoder.decode()
      length += chunk.length
      if (length > maxBytes) break
      decodedText += decoder.decode(chunk, { stream: true })
    }
    await reader.cancel()
  } catch {
    // The client has disconnected.
  }

  return ''
}
