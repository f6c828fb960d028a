/** Text to UTF-8 and back, and lists of text as one unmistakable text. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes of a text. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** The text of bytes. @throws {TypeError} for what is not UTF-8 */
export function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string {
  return decoder.decode(bytes)
}

/** Joins parts so that no other list gives the same text: every part stands behind its length. */
export function joinBytes(...parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('|')
}
