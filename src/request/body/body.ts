/**
 * Limits the length of a request's body: by its declared length before it is read, and by counting
 * while it is streamed. The gateway, `limitBodies()`, `readJson()` and the GraphQL guard call it.
 * `checkBody` gives a verdict for 413, 400 or 415 and reads nothing. A body that turns out to be
 * too long, too short or broken off makes its reader reject with a `BodyError`, so that nobody
 * takes a part of it for the whole.
 */
import type { Reason, Verdict } from '../../types.ts'
import { mayHaveBody } from '../method.ts'
import type { ReadableHeaders } from '../request-head.ts'
import { joinChunks } from './chunks.ts'
import { type AcceptsType, isCompressed } from './content-type.ts'

/** The reason why a body is rejected. */
export type BodyReason = Extract<
  Reason,
  'body-too-large' | 'body-malformed' | 'content-type-not-allowed'
>

const statuses: Readonly<Record<BodyReason, number>> = {
  'body-too-large': 413,
  'body-malformed': 400,
  'content-type-not-allowed': 415,
}

/**
 * The error of a reader whose body is too long, or has another length than declared. By `status`
 * and `getResponse`, error handlers (Hono's, `errorPage`) recognize that the client caused it.
 */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly reason: BodyReason
  readonly status: number

  constructor(reason: BodyReason, options?: ErrorOptions) {
    super(`The body of the request was rejected: ${reason}`, options)
    this.reason = reason
    this.status = statuses[reason]
  }

  /** Returns a response without a body, for error handlers without their own. */
  getResponse(): Response {
    return new Response(null, { status: this.status, headers: { 'cache-control': 'no-store' } })
  }
}

/** The limits of a body. */
export interface BodyRules {
  readonly maxBytes: number
  /** The accepted content types; undefined accepts every type. */
  readonly types?: AcceptsType | undefined
  /** Whether the body is inspected, so that it must not be compressed. Default false. */
  readonly inspected?: boolean
}

/**
 * A body that may be read, or none, or the reason of its rejection. `length` is the declared
 * length, undefined for a stream.
 */
export type BodyVerdict =
  | {
      readonly ok: true
      readonly body: ReadableStream<Uint8Array> | undefined
      readonly length: number | undefined
    }
  | (Verdict & { readonly ok: false; readonly reason: BodyReason })

/** The parts of a request that are checked. */
export interface RequestWithBody {
  readonly method: string
  readonly headers: ReadableHeaders
  readonly body: ReadableStream<Uint8Array> | null
}

/**
 * Returns the declared length of a body; undefined for none. `malformed` for values that RFC 9110
 * section 8.6 does not allow: signs, spaces, words, lists (`5, 5`, as two headers appear). Servers
 * read these differently, which allows request smuggling.
 */
export function declaredLength(headers: ReadableHeaders): number | 'malformed' | undefined {
  const text = headers.get('content-length')
  if (text === null) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : 'malformed'
}

/**
 * Checks a body by the request's headers, before anything of it is read. GET and HEAD have no body.
 */
export function checkBody(
  request: RequestWithBody,
  { maxBytes, types, inspected }: BodyRules,
): BodyVerdict {
  if (!mayHaveBody(request.method)) return { ok: true, body: undefined, length: undefined }

  const { headers } = request
  const length = declaredLength(headers)

  // Both headers say where the body ends. RFC 9112 section 6.1 allows a server to reject this, and
  // between two servers it allows request smuggling.
  if (length === 'malformed' || (length !== undefined && headers.has('transfer-encoding'))) {
    return { ok: false, reason: 'body-malformed' }
  }

  if (length !== undefined && length > maxBytes) return { ok: false, reason: 'body-too-large' }

  const body = request.body ?? undefined
  // An empty body has no type.
  if (body !== undefined && length !== 0) {
    if (types?.(headers) === false || (inspected && isCompressed(headers))) {
      return { ok: false, reason: 'content-type-not-allowed' }
    }
  }

  return { ok: true, body, length }
}

/** The range of limits of bodies: 5 GB is the most that any platform accepts. */
export const bodyBounds = { min: 0, max: 5_368_709_120, unit: 'bytes' } as const
/** The default limit of bodies: 10 MB, as in Next and many proxies. */
export const defaultBodyBytes = 10_485_760

/** The limits of a body while it is read. */
export interface BodyBounds {
  readonly maxBytes: number
  /** The length that the client declared. A body with another length is rejected as malformed. */
  readonly length?: number | undefined
  /**
   * Called once, at the chunk that exceeds the limit or cannot be read, before the reader gets the
   * error.
   */
  readonly onRefuse?: (bodyError: BodyError) => void
}

/**
 * The class of workerd with which a body of known length is not forwarded in chunks, which some
 * servers do not accept.
 */
export type WithFixedLength = {
  FixedLengthStream?: new (length: number) => ReadableWritablePair<Uint8Array, Uint8Array>
}

/**
 * Returns the same body, which is counted while it is read. At the first byte too many, and where
 * the client broke off or framed the body wrongly, it fails with a {@link BodyError}, so that no
 * reader takes a part for the whole.
 */
export function boundBody(
  source: ReadableStream<Uint8Array>,
  bounds: BodyBounds,
): ReadableStream<Uint8Array> {
  const { length } = bounds
  const countedBody = countBytes(source, bounds)
  const { FixedLengthStream } = globalThis as WithFixedLength

  return length === undefined || FixedLengthStream === undefined
    ? countedBody
    : countedBody.pipeThrough(new FixedLengthStream(length))
}

function countBytes(
  source: ReadableStream<Uint8Array>,
  { maxBytes, length, onRefuse }: BodyBounds,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const max = length === undefined ? maxBytes : Math.min(length, maxBytes)
  let total = 0
  const rejectBody = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    bodyError: BodyError,
  ): void => {
    // The callback comes first, because workerd's fetch ends a request to an upstream regularly
    // when its body fails.
    onRefuse?.(bodyError)
    controller.error(bodyError)
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        let part: ReadableStreamReadResult<Uint8Array>
        try {
          part = await reader.read()
        } catch (cause) {
          // The client broke off, or sent something that is not a chunk (RFC 9112 sections 7.1 and
          // 8).
          return rejectBody(controller, new BodyError('body-malformed', { cause }))
        }

        if (part.done) {
          if (length === undefined || total === length) return controller.close()
          return rejectBody(controller, new BodyError('body-malformed'))
        }

        total += part.value.byteLength
        // A chunk that is not bytes makes the total NaN, which is not within the limit.
        if (total <= max) return controller.enqueue(part.value)

        const bodyError = new BodyError(total <= maxBytes ? 'body-malformed' : 'body-too-large')
        rejectBody(controller, bodyError)
        reader.cancel(bodyError).catch(() => {})
      },
      cancel: (why) => reader.cancel(why),
    },
    { highWaterMark: 0 },
  )
}

/** A body that was read to its end, or the reason of its rejection. */
export type WholeBody =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly reason: BodyReason }

/**
 * Reads a body to its end, within the bounds of {@link boundBody}, and keeps at most `maxBytes` of it in memory. A body
 * that breaks off is malformed; it rejects only if somebody else already reads the body.
 */
export async function readWholeBody(
  source: ReadableStream<Uint8Array>,
  { maxBytes, length }: Pick<BodyBounds, 'maxBytes' | 'length'>,
): Promise<WholeBody> {
  const reader = source.getReader()
  const max = length === undefined ? maxBytes : Math.min(length, maxBytes)
  const chunks: Uint8Array[] = []
  let total = 0

  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      total += part.value.byteLength
      // A chunk that is not bytes makes the total NaN, which is not within the limit.
      if (!(total <= max)) {
        reader.cancel().catch(() => {})
        return { ok: false, reason: total <= maxBytes ? 'body-malformed' : 'body-too-large' }
      }
      chunks.push(part.value)
    }
  } catch {
    return { ok: false, reason: 'body-malformed' }
  }

  if (length !== undefined && total !== length) return { ok: false, reason: 'body-malformed' }
  return { ok: true, bytes: joinChunks(chunks, total) }
}
