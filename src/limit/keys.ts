/**
 * Creates the names under which limiters count: digests under a secret, of one alphabet and
 * length, that reveal nothing of the client. Every limiter in Redis or Durable Objects calls it.
 * Different lists of parts never give the same name.
 */
import { encodeBase64url } from '../crypto/base64url.ts'
import type { KeyRing } from '../crypto/key-ring.ts'

/** Keeps these MACs apart from all others of the same secret. */
const purpose = 'limit'

/**
 * Several texts as one, so that no other list gives the same: JSON escapes what separates, and lone surrogates, which
 * UTF-8 would all turn into the same three bytes.
 */
export function joinUnambiguously(...parts: ReadonlyArray<string | number>): string {
  return JSON.stringify(parts)
}

/**
 * 128 bits of an HMAC-SHA-256, as 22 characters of base64url. Whoever reads Redis cannot try addresses or e-mails against
 * it, and nothing in it is a separator, a pattern or a name that a policy uses.
 */
export async function hashKey(
  ring: KeyRing,
  ...parts: ReadonlyArray<string | number>
): Promise<string> {
  return encodeBase64url((await ring.mac(purpose, joinUnambiguously(...parts))).subarray(0, 16))
}
