/**
 * Computes the SHA-256 of a text. Revocations, stored sessions and the memory limiter call it to
 * name things without keeping their ids. It never fails for any text.
 */
import { encodeBase64url } from './base64url.ts'
import { encodeUtf8 } from './text.ts'

/**
 * Computes the SHA-256 of the text's UTF-8 as base64url: 43 characters.
 *
 * @example
 * ```ts
 * const key = await sha256(id)
 * ```
 */
export async function sha256(text: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', encodeUtf8(text))))
}
