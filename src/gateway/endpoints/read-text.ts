/** Reads the body of a request for an endpoint, up to a bound. */

/** Reads the body as text. Returns an empty text where the body is longer than the bound, or breaks off. */
export async function readBoundedText({ body }: Request, maxBytes: number): Promise<string> {
  if (body === null) return ''
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let [text, length] = ['', 0]
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      length += value.length
      if (length > maxBytes) break
      text += decoder.decode(value, { stream: true })
    }
    await reader.cancel()
  } catch {
    // Whoever sent it has gone.
  }
  return ''
}
