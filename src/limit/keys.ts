/**
 * Creates the keys under which limiters count: digests under a secret, all of one alphabet and
 * length, which reveal nothing about the client. The limiters in Redis and Durable Objects call
 * `hashKey`, and `limitGate()` calls `joinUnambiguously`. Different lists of parts never give the
 * same key. Nothing is validated here: `hashKey` expects a key ring whose secrets were validated.
 */
import { encodeBase64url } from '../crypto/base64url.ts'
import type { KeyRing } from '../crypto/key-ring.ts'

/** The purpose of these MACs, which makes them differ from all others under the same secret. */
const purpose = 'limit'

/**
 * Joins several parts to one text, such that two different lists never give the same text. JSON
 * escapes the separators, and also lone surrogates, all of which UTF-8 would turn into the same
 * three bytes.
 */
export function joinUnambiguously(...parts: ReadonlyArray<string | number>): string {
  return JSON.stringify(parts)
}

/**
 * Returns 128 bits of an HMAC-SHA-256 as 22 characters of base64url. Somebody who reads Redis
 * cannot test addresses or e-mails against this digest, and it contains no separator, no pattern
 * and no name of a policy.
 */
export async function hashKey(
  ring: KeyRing,
  ...parts: ReadonlyArray<string | number>
): Promise<string> {
  return encodeBase64url((await ring.mac(purpose, joinUnambiguously(...parts))).subarray(0, 16))
}
