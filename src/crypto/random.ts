/** Ids that cannot be guessed. */
import { encodeBase64url } from './base64url.ts'

/** Written over by every id; only text leaves it. An array of its own costs more than what is drawn into it. */
const randomBytes = new Uint8Array(16)

/**
 * A random id as base64url, from the platform's secure generator.
 *
 * @param bytes - random bytes, 16 by default: 128 bits, 22 characters (OWASP ASVS 5.0 7.2.3). UUIDs have fewer.
 */
export function randomId(bytes = 16): string {
  return encodeBase64url(crypto.getRandomValues(bytes === 16 ? randomBytes : new Uint8Array(bytes)))
}
