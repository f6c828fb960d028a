/** The body of a login as text: one content type, UTF-8, not coded, not large. */

/** Bytes of a login's body. */
export const maxBodyBytes = 16_384

/** A body, or the status with which it is refused. */
export type BodyRead =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a body of this content type. It is read up here, so whoever comes behind gets what {@link readAccount} makes. */
export async function readBody(
  request: Request,
  type: string,
  most: number = maxBodyBytes,
): Promise<BodyRead> {
  const { headers } = request
  if (!isOfType(headers.get('content-type'), type) || headers.has('content-encoding'))
    return { ok: false, status: 415 }
  if (Number(headers.get('content-length')) > most) return { ok: false, status: 413 }

  try {
    const bytes = await readBoundedBytes(request.body, most)
    if (bytes === undefined) return { ok: false, status: 413 }
    return { ok: true, text: utf8.decode(bytes) }
  } catch {
    return { ok: false, status: 400 } // not UTF-8, or broken off
  }
}

/** The type itself, and no parameter but `charset=utf-8`: any other names another reading. */
function isOfType(header: string | null, type: string): boolean {
  if (header === null || header.length > 128) return false

  const [essence = '', ...parameters] = header.toLowerCase().split(';')
  if (essence.trim() !== type) return false

  return parameters.every((parameter) =>
    /^(?:charset=(?:utf-?8|"utf-?8"))?$/.test(parameter.trim()),
  )
}

/** Counts while it reads: Content-Length is the client's own word. */
async function readBoundedBytes(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<Uint8Array | undefined> {
  const all = new Uint8Array(most)
  const reader = body?.getReader()
  let length = 0

  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    if (length + part.value.byteLength > most) {
      reader?.cancel().catch(() => {})
      return undefined
    }

    all.set(part.value, length)
    length += part.value.byteLength
  }

  return all.subarray(0, length)
}
