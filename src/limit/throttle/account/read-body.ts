/**
 * Reads the body of a login: of a content type that the route's rule accepts, without a content
 * encoding, at most 16 kB (64 kB for GraphQL), and UTF-8 unless it is multipart. `read-account.ts`
 * calls it. It never rejects: another content type or an encoding gives 415, a longer body 413, and
 * a body that breaks off or is not UTF-8 gives 400. The request's own body is consumed, so the
 * caller must forward what was read.
 */

/** The most bytes of a login's body. */
export const maxBodyBytes = 16_384

/** The body, or the status of the rejection. */
export type BodyRead =
  | { readonly ok: true; readonly type: 'text'; readonly text: string }
  | {
      readonly ok: true
      readonly type: 'multipart'
      readonly bytes: Uint8Array<ArrayBuffer>
      /** The Content-Type as the client wrote it, with the boundary. */
      readonly contentType: string
    }
  | { readonly ok: false; readonly status: 400 | 413 | 415 }

/**
 * A media type of a login. `multipart/form-data` has a boundary and may contain files, which need
 * not be text.
 */
export type LoginMediaType =
  | 'application/json'
  | 'application/x-www-form-urlencoded'
  | 'multipart/form-data'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads a body of one of these types, at most `max` bytes. The request's own body is consumed. */
export async function readBody(
  request: Request,
  types: readonly LoginMediaType[],
  max: number = maxBodyBytes,
): Promise<BodyRead> {
  const { headers } = request
  const contentType = headers.get('content-type') ?? ''
  const type = types.find((accepted) => isOfType(contentType, accepted))
  if (type === undefined || headers.has('content-encoding')) return { ok: false, status: 415 }
  if (Number(headers.get('content-length')) > max) return { ok: false, status: 413 }

  try {
    const bytes = await readBoundedBytes(request.body, max)
    if (bytes === undefined) return { ok: false, status: 413 }
    if (type === 'multipart/form-data') return { ok: true, type: 'multipart', bytes, contentType }
    return { ok: true, type: 'text', text: utf8.decode(bytes) }
  } catch {
    return { ok: false, status: 400 } // not UTF-8, or the client broke off
  }
}

/**
 * Reports whether a Content-Type header is of a type. The only parameter allowed is
 * `charset=utf-8`, because another charset means another text. The parameters of multipart are
 * validated where its boundary is read.
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

/**
 * Reads at most `max` bytes; undefined for more. It counts while it reads, because Content-Length
 * may be absent or wrong.
 */
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
