/**
 * Computes the SHA-256 digest of a text as base64url. Sessions and revocations name rows with it
 * instead of ids, the login names token rows and logout messages, the memory limiter shortens long
 * keys, the proxy cache names entries, and test servers use it. It accepts any string; a lone
 * surrogate is hashed as U+FFFD, so two such strings can have the same digest.
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
