/**
 * Reads the body of a login: of the content types that its rule accepts, not compressed, at most
 * 16 kB, and UTF-8 unless it is multipart. `read-account.ts` calls it. Any other body gives a
 * status instead.
 */

/** Bytes of a login's body. */
export const maxBodyBytes = 16_384

/** A body, or the status with which it is refused. */
export type BodyRead =
  | { readonly ok: true; readonly type: 'text'; readonly text: string }
  | {
      readonly ok: true
      readonly type: 'multipart'
      readonly bytes: Uint8Array<ArrayBuffer>
      /** With the boundary, as the client wrote it. */
      readonly contentType: string
    }
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

/** A media type of a login. `multipart/form-data` comes with a boundary, and may hold files, which are no text. */
export type LoginMediaType =
  | 'application/json'
  | 'application/x-www-form-urlencoded'
  | 'multipart/form-data'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a body of one of these types. It is read up here, so whoever comes behind gets what {@link readAccount} makes. */
export async function readBody(
  request: Request,
  types: readonly LoginMediaType[],
  max: number = maxBodyBytes,
): Promise<BodyRead> {
  const { headers } = request
  const contentType = headers.get('content-type') ?? ''
  const type = types.find((one) => isOfType(contentType, one))
  if (type === undefined || headers.has('content-encoding')) return { ok: false, status: 415 }
  if (Number(headers.get('content-length')) > max) return { ok: false, status: 413 }

  try {
    const bytes = await readBoundedBytes(request.body, max)
    if (bytes === undefined) return { ok: false, status: 413 }
    if (type === 'multipart/form-data') return { ok: true, type: 'multipart', bytes, contentType }
    return { ok: true, type: 'text', text: utf8.decode(bytes) }
  } catch {
    return { ok: false, status: 400 } // not UTF-8, or broken off
  }
}

/**
 * The type itself, and no parameter but `charset=utf-8`: any other names another reading. The parameters of multipart are
 * looked at where its boundary is read.
 */
function isOfType(header: string, type: LoginMediaType): boolean {
  if (header.length > 128) return false

  const [essence = '', ...parameters] = header.toLowerCase().split(';')
  if (essence.trim() !== type) return false
  if (type === 'multipart/form-data') return true

  return parameters.every((parameter) =>
    /^(?:charset=(?:utf-?8|"utf-?8"))?$/.test(parameter.trim()),
  )
}

/** Counts while it reads: Content-Length is the client's own word. */
async function readBoundedBytes(
  body: ReadableStream<Uint8Array> | null,
  max: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const all = new Uint8Array(max)
  const reader = body?.getReader()
  let length = 0

  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    if (length + part.value.byteLength > max) {
      reader?.cancel().catch(() => {})
      return undefined
    }

    all.set(part.value, length)
    length += part.value.byteLength
  }

  return all.subarray(0, length)
}
