/** Puts the nonce of a response where its markup has a placeholder, without holding the body back. */
import type { Issues } from '../../options/index.ts'

/** At least 128 bits in base64url or hexadecimal; as markup of every kind can hold it. */
const shape = /^[\w-]{22,128}$/

/** A placeholder, or undefined where there is none. One that could be guessed would give a nonce to whoever guesses it. */
export function parsePlaceholder(issues: Issues, value: unknown): string | undefined {
  if (value === undefined || value === null || value === false) return undefined

  const good = typeof value === 'string' && shape.test(value) && new Set(value).size >= 8
  if (good) return value

  issues.add(
    'noncePlaceholder',
    'must be at least 22 random characters of A-Z, a-z, 0-9, _ and -, new in each deployment',
  )
  return undefined
}

/** {@link fillNonce}, where it is handed on. */
export type FillNonce = typeof fillNonce

/** What may hold the placeholder without being a page: whoever reads it there can have a page's nonce put on a script of theirs. */
const text =
  /^(?:text\/|image\/svg\+xml|application\/(?:[\w.+-]*(?:json|xml|script|yaml|graphql)|manifest))/i

/** Whether a body is text, by its type; one without a type may be. */
export function isText(type: string | null): boolean {
  return type === null || text.test(type.trim())
}

/**
 * The response with the nonce where its markup has the placeholder, or without the placeholder where it is no page. A coded
 * body is not looked into; its length would be wrong afterwards, and so would a strong validator of a page.
 *
 * @param nonce - undefined for a text that is no page.
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

  // What is only taken away is the same each time.
  if (nonce !== undefined) copy.headers.delete('etag')
  return copy
}

/** A stream that replaces each occurrence of `token`, also one that chunks cut in two. */
function createReplacer(token: string, nonce: string): TransformStream<Uint8Array, Uint8Array> {
  const encoder = new TextEncoder()
  const [from, to] = [encoder.encode(token), encoder.encode(nonce)]
  let rest: Uint8Array<ArrayBuffer> = new Uint8Array(0)

  return new TransformStream({
    transform(chunk, controller): void {
      const text = joinBytes(rest, chunk)
      let sent = 0

      for (let at = findBytes(text, from, 0); at !== -1; at = findBytes(text, from, sent)) {
        if (at > sent) controller.enqueue(text.slice(sent, at))
        if (to.length > 0) controller.enqueue(to.slice())
        sent = at + from.length
      }

      const kept = text.length - findOverlap(text, sent, from)
      if (kept > sent) controller.enqueue(text.slice(sent, kept))
      rest = text.slice(kept)
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

/** Where `part` begins in `text`; indexOf of one byte is native and finds the few candidates. */
function findBytes(text: Uint8Array, part: Uint8Array, from: number): number {
  const first = part[0] as number
  for (let at = text.indexOf(first, from); at !== -1; at = text.indexOf(first, at + 1)) {
    if (matchesAt(text, at, part, part.length)) return at
  }
  return -1
}

/** How many bytes at the end may be the beginning of `part`. */
function findOverlap(text: Uint8Array, from: number, part: Uint8Array): number {
  for (let length = Math.min(part.length - 1, text.length - from); length > 0; length--) {
    if (matchesAt(text, text.length - length, part, length)) return length
  }
  return 0
}

function matchesAt(text: Uint8Array, at: number, part: Uint8Array, length: number): boolean {
  if (at + length > text.length) return false
  for (let i = 0; i < length; i++) if (text[at + i] !== part[i]) return false
  return true
}
