/**
 * Reads the body of a request for an endpoint, up to a bound. The collector of reports and the
 * console call it. A body that is longer, or that breaks off, gives an empty text.
 */

/** Reads the body as text. Returns an empty text where the body is longer than the bound, or breaks off. */
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
