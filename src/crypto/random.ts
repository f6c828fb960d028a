/**
 * Creates ids that cannot be guessed, from the platform's secure generator. Sessions and their rows,
 * device-bound sessions, CSRF tokens, login attempts and token leases, the proxy, the gateway and the
 * stack's request ids use it. `bytes` must be at most 65,536, the limit of `getRandomValues`, which
 * otherwise throws.
 */
import { encodeBase64url } from './base64url.ts'

/**
 * Every id overwrites these bytes, and only its text leaves the function. A new array would cost more than its bytes.
 */
const randomBytes = new Uint8Array(16)

/**
 * Creates a random id as base64url, from the platform's secure generator.
 *
 * @param bytes - number of random bytes. 16 give 128 bits in 22 characters (OWASP ASVS 5.0 7.2.3); a UUID has fewer
 * bits.
 * @default 16
 * @example
 * ```ts
 * const id = randomId()
 * ```
 */
export function randomId(bytes = 16): string {
  return encodeBase64url(crypto.getRandomValues(bytes === 16 ? randomBytes : new Uint8Array(bytes)))
}
