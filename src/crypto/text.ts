/**
 * Encodes text as UTF-8, decodes it, and joins lists of text unambiguously. The key ring, seals,
 * digests and iron functions of this folder, CSRF tokens, the login throttle and device proofs call it.
 * `decodeUtf8` throws a `TypeError` for invalid UTF-8; encoding replaces lone surrogates by U+FFFD.
 */

/** The encoder, for code that encodes into memory of its own: new memory costs three times as much. */
export const encoder: TextEncoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Encodes a text as UTF-8. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/** Decodes UTF-8. @throws {TypeError} for invalid UTF-8 */
export function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string {
  return decoder.decode(bytes)
}

/** Joins parts unambiguously: each part follows its length, so no other list gives the same text. */
export function joinBytes(...parts: readonly string[]): string {
  return parts.map((part) => `${part.length}:${part}`).join('|')
}
