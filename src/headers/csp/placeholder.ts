/**
 * Replaces a placeholder in a page by the nonce of the response, while the body is streamed. The
 * header writer calls it, and so does the proxy, which must then forward complete and uncompressed
 * bodies; applications pass `fillNonce` to `compiledHeaders()`. It throws for a body that was
 * already read. A compressed body is returned unchanged, because its text cannot be read. An
 * invalid placeholder is added to the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'

/**
 * The form of a placeholder: at least 128 bits in base64url or hexadecimal, without characters that
 * markup would have to escape.
 */
const placeholderShape = /^[\w-]{22,128}$/

/**
 * Parses a placeholder. It must be impossible to guess, because injected markup that contains it
 * would receive the nonce.
 */
export function parsePlaceholder(issues: Issues, value: unknown): string | undefined {
  if (value === undefined || value === null || value === false) return undefined

  const isValid =
    typeof value === 'string' && placeholderShape.test(value) && new Set(value).size >= 8
  if (isValid) return value

  issues.add(
    'noncePlaceholder',
    'must be 22 to 128 random characters of A-Z, a-z, 0-9, _ and -, new in each deployment',
  )
  return undefined
}

/** The type of {@link fillNonce}, for code that receives it as an argument. */
export type FillNonce = typeof fillNonce

/**
 * Content types of texts that may contain the placeholder without being a page. There it is
 * removed, so that nobody can read it.
 */
const text =
  /^(?:text\/|image\/svg\+xml|application\/(?:[\w.+-]*(?:json|xml|script|yaml|graphql)|manifest))/i

/** Reports whether a body may be text, by its content type. A body without a type may be text. */
export function isText(type: string | null): boolean {
  return type === null || text.test(type.trim())
}

/**
 * Returns the response with the nonce instead of the placeholder, or with the placeholder removed
 * if the response is not a page. A compressed body is returned unchanged. Content-Length, and the
 * ETag of a page, no longer match the body and are removed.
 *
 * @param nonce - undefined for text that is not a page.
 * @example
 * compiledHeaders(compiled, { fillNonce }) // required where a noncePlaceholder was compiled
 */
export function fillNonce(response: Response, token: string, nonce: string | undefined): Response {
  const { body, headers } = response
  if (body === null || headers.has('content-encoding')) return response
  if (nonce === undefined && !isText(headers.get('content-type'))) return response

  const copy = new Response(
    body.pipeThrough(createReplacer(token, nonce ?? '') as TransformStream),
    response,
  )
  copy.headers.delete('content-length')

  // Removing the placeholder gives the same body each time, so the ETag of such a text stays valid.
  if (nonce !== undefined) copy.headers.delete('etag')
  return copy
}

/** Creates a stream that replaces each occurrence of `token`, also one that is split between chunks. */
function createReplacer(token: string, nonce: string): TransformStream<Uint8Array, Uint8Array> {
  const encoder = new TextEncoder()
  const [tokenBytes, nonceBytes] = [encoder.encode(token), encoder.encode(nonce)]
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0)

  return new TransformStream({
    transform(chunk, controller): void {
      const bytes = joinBytes(rest, chunk)
      let sentUntil = 0

      let index = findBytes(bytes, tokenBytes, 0)
      while (index !== -1) {
        if (index > sentUntil) controller.enqueue(bytes.slice(sentUntil, index))
        if (nonceBytes.length > 0) controller.enqueue(nonceBytes.slice())
        sentUntil = index + tokenBytes.length
        index = findBytes(bytes, tokenBytes, sentUntil)
      }

      const keepFrom = bytes.length - findOverlap(bytes, sentUntil, tokenBytes)
      if (keepFrom > sentUntil) controller.enqueue(bytes.slice(sentUntil, keepFrom))
      rest = bytes.slice(keepFrom)
    },
    flush(controller): void {
      if (rest.length > 0) controller.enqueue(rest)
    },
  })
}

function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)

  return both
}

/**
 * Returns the index of `part` in `text`, or -1. The native indexOf of the first byte finds the few
 * candidates.
 */
function findBytes(text: Uint8Array, part: Uint8Array, fromIndex: number): number {
  const firstByte = part[0] as number
  let index = text.indexOf(firstByte, fromIndex)
  while (index !== -1) {
    if (matchesAt(text, index, part, part.length)) return index
    index = text.indexOf(firstByte, index + 1)
  }
  return -1
}

/** Returns the number of bytes at the end of `text` that may be the beginning of `part`. */
function findOverlap(text: Uint8Array, fromIndex: number, part: Uint8Array): number {
  for (let length = Math.min(part.length - 1, text.length - fromIndex); length > 0; length--) {
    if (matchesAt(text, text.length - length, part, length)) return length
  }
  return 0
}

function matchesAt(text: Uint8Array, start: number, part: Uint8Array, length: number): boolean {
  if (start + length > text.length) return false
  for (let index = 0; index < length; index++) if (text[start + index] !== part[index]) return false
  return true
}
