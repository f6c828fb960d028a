/**
 * Reads one field of a form from a copy of the request, so that the handler can still read the body. `token.ts`
 * calls it for the csrf token. Undefined stands for bodies of another type, over 64 KB or already read, and for a
 * field that is absent or occurs twice. It rejects if the client's body breaks off.
 */

/** Maximum bytes of a body. A larger form has to send its token as a header. */
const maxBytes = 65_536

/**
 * Returns the value of a field of an `application/x-www-form-urlencoded` body. It returns undefined for other types,
 * more than 64 KB, a body that was already read, and a field that does not occur exactly once.
 */
export async function formField(request: Request, name: string): Promise<string | undefined> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded' || request.bodyUsed || request.body === null)
    return undefined
  if (Number(request.headers.get('content-length')) > maxBytes) return undefined

  const text = await readBoundedText(request.clone())
  const values = text === undefined ? [] : new URLSearchParams(text).getAll(name)

  return values.length === 1 ? values[0] : undefined
}

/** Reads the body up to the maximum, since Content-Length may be absent. Returns undefined for a longer body. */
async function readBoundedText({ body }: Request): Promise<string | undefined> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0

  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    bytes += part.value.byteLength
    if (bytes > maxBytes) {
      // This is not awaited, since it settles only when the handler's copy of the body is read or cancelled.
      reader?.cancel().catch(() => {})
      return undefined
    }

    text += decoder.decode(part.value, { stream: true })
  }

  return text + decoder.decode()
}
