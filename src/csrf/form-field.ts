/** One field of a form, read beside the handler that the form is for. */

/** Bytes of a body that are looked through; a form with more has to send its token as a header. */
const mostBytes = 65_536

/**
 * The value of a field of an `application/x-www-form-urlencoded` body, read from a copy: the handler reads the body as if
 * nobody had. Undefined for other types, more than 64 KB, a body that was read before, a field that is not there once.
 */
export async function formField(request: Request, name: string): Promise<string | undefined> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded' || request.bodyUsed || request.body === null)
    return undefined
  if (Number(request.headers.get('content-length')) > mostBytes) return undefined

  const text = await boundedText(request.clone())
  const values = text === undefined ? [] : new URLSearchParams(text).getAll(name)

  return values.length === 1 ? values[0] : undefined
}

/** Counts while it reads: Content-Length is the client's own word. */
async function boundedText({ body }: Request): Promise<string | undefined> {
  const reader = body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0

  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    bytes += part.value.byteLength
    if (bytes > mostBytes) {
      // Settles only when the handler's copy is read or cancelled, too; nobody waits for that.
      reader?.cancel().catch(() => {})
      return undefined
    }

    text += decoder.decode(part.value, { stream: true })
  }

  return text + decoder.decode()
}
