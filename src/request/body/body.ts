/**
 * Limits how long a body may be: by its declared length before it is read, by count while it
 * streams. The gateway and `limitBodies()` call it. A body that is too long or malformed rejects
 * its reader with a `BodyError`.
 */
import type { Reason, Verdict } from '../../types.ts'
import { mayHaveBody } from '../method.ts'
import type { ReadableHeaders } from '../request-head.ts'
import { joinChunks } from './chunks.ts'
import { type AcceptsType, isCompressed } from './content-type.ts'

/** Why a body is refused. */
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
 * The error of a reader whose body is too long, or longer than it declared. By `status` and `getResponse` error handlers
 * (Hono's, `errorPage`) take it for the client's fault and not for ours.
 */
export class BodyError extends Error {
  override readonly name = 'BodyError'
  readonly reason: BodyReason
  readonly status: number

  constructor(reason: BodyReason, options?: ErrorOptions) {
    super(`The request was refused: ${reason}`, options)
    this.reason = reason
    this.status = statuses[reason]
  }

  /** An answer without words, for those who have none of their own. */
  getResponse(): Response {
    return new Response(null, { status: this.status, headers: { 'cache-control': 'no-store' } })
  }
}

/** The limits of a body. */
export interface BodyRules {
  readonly maxBytes: number
  /** Undefined takes every type. */
  readonly types?: AcceptsType | undefined
  /** Whether somebody looks into the body, so that it must not be coded. Default false. */
  readonly inspected?: boolean
}

/** A body that may be read, or none, or why it is refused. `length` is what the client said, undefined for a stream. */
export type BodyVerdict =
  | {
      readonly ok: true
      readonly body: ReadableStream<Uint8Array> | undefined
      readonly length: number | undefined
    }
  | (Verdict & { readonly ok: false; readonly reason: BodyReason })

/** As much of a request as there is to judge. */
export interface RequestWithBody {
  readonly method: string
  readonly headers: ReadableHeaders
  readonly body: ReadableStream<Uint8Array> | null
}

/**
 * The length a request declares: undefined for none. `malformed` for what RFC 9110 section 8.6 does not allow: signs,
 * spaces, words, lists (`5, 5`, as two headers come out). Servers read those differently, which is how requests are smuggled.
 */
export function declaredLength(headers: ReadableHeaders): number | 'malformed' | undefined {
  const text = headers.get('content-length')
  if (text === null) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : 'malformed'
}

/** Judges a body by what the request says of it, before anything of it is read. Bodies of GET and HEAD are none. */
export function checkBody(
  request: RequestWithBody,
  { maxBytes, types, inspected }: BodyRules,
): BodyVerdict {
  if (!mayHaveBody(request.method)) return { ok: true, body: undefined, length: undefined }

  const { headers } = request
  const length = declaredLength(headers)

  // Two words on where the body ends: RFC 9112 section 6.1 lets a server refuse it, and between two servers it smuggles.
  if (length === 'malformed' || (length !== undefined && headers.has('transfer-encoding'))) {
    return { ok: false, reason: 'body-malformed' }
  }

  if (length !== undefined && length > maxBytes) return { ok: false, reason: 'body-too-large' }

  const body = request.body ?? undefined
  // A body of no bytes has no type.
  if (body !== undefined && length !== 0) {
    if (types?.(headers) === false || (inspected && isCompressed(headers))) {
      return { ok: false, reason: 'content-type-not-allowed' }
    }
  }

  return { ok: true, body, length }
}

/** The range of a limit on bodies: 5 GB is the most that any platform takes. */
export const bodyBounds = { min: 0, max: 5_368_709_120, unit: 'bytes' } as const
/** 10 MB: what Next and many proxies take. */
export const defaultBodyBytes = 10_485_760

/** How far a body may go. */
export interface BodyBounds {
  readonly maxBytes: number
  /** The length that the client declared; a body that is longer or shorter is refused as malformed. */
  readonly length?: number | undefined
  /** Called once, at the chunk that goes too far or cannot be read, before whoever reads learns of it. */
  readonly onRefuse?: (bodyError: BodyError) => void
}

/** The class that workerd offers so that a body of known length is not sent on in chunks, which some servers do not take. */
export type WithFixedLength = {
  FixedLengthStream?: new (length: number) => ReadableWritablePair<Uint8Array, Uint8Array>
}

/**
 * The same body, counted as it is read and no sooner. At the first byte too many, and where the client broke off or framed
 * it wrongly, it fails with a {@link BodyError}: no reader ever sees a cut body as a whole one.
 */
export function boundBody(
  source: ReadableStream<Uint8Array>,
  bounds: BodyBounds,
): ReadableStream<Uint8Array> {
  const { length } = bounds
  const counted = countBytes(source, bounds)
  const { FixedLengthStream } = globalThis as WithFixedLength

  return length === undefined || FixedLengthStream === undefined
    ? counted
    : counted.pipeThrough(new FixedLengthStream(length))
}

function countBytes(
  source: ReadableStream<Uint8Array>,
  { maxBytes, length, onRefuse }: BodyBounds,
): ReadableStream<Uint8Array> {
  const reader = source.getReader()
  const max = length === undefined ? maxBytes : Math.min(length, maxBytes)
  let total = 0
  const refuse = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    bodyError: BodyError,
  ): void => {
    // First: workerd's fetch ends the request to an upstream as if it were whole when its body fails.
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
          // The client broke off, or what it sent is no chunk (RFC 9112 sections 7.1 and 8).
          return refuse(controller, new BodyError('body-malformed', { cause }))
        }

        if (part.done) {
          if (length === undefined || total === length) return controller.close()
          return refuse(controller, new BodyError('body-malformed'))
        }

        total += part.value.byteLength
        // Chunks that are no bytes have no length, and NaN is not within it.
        if (total <= max) return controller.enqueue(part.value)

        const bodyError = new BodyError(total <= maxBytes ? 'body-malformed' : 'body-too-large')
        refuse(controller, bodyError)
        reader.cancel(bodyError).catch(() => {})
      },
      cancel: (why) => reader.cancel(why),
    },
    { highWaterMark: 0 },
  )
}

/** A body that was read to its end, or why it is refused. */
export type WholeBody =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly reason: BodyReason }

/**
 * Reads a body to its end, as {@link boundBody} bounds it. No more is kept in memory than `maxBytes`. It never rejects: a
 * body that breaks off is malformed.
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
      // Chunks that are no bytes have no length, and NaN is not within it.
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
