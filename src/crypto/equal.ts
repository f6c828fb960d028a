/**
 * Compares secrets in constant time, so that the time of a comparison does not tell where the values
 * differ. CSRF tokens, the cookies and challenges of device-bound sessions, login attempts and
 * the nonce of session commands are compared with it. Values of different length are unequal
 * immediately, which tells an attacker the length. It never throws.
 */

/**
 * True for two equal byte arrays. The time depends on the length only, which is not a secret.
 *
 * @example
 * ```ts
 * if (!equalBytes(mac, expectedMac)) return undefined
 * ```
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++)
    difference |= (a[index] as number) ^ (b[index] as number)
  return difference === 0
}

/**
 * True for two equal texts, compared by UTF-16 unit like {@link equalBytes}.
 *
 * @example
 * ```ts
 * if (!equalText(token, expectedToken)) return undefined
 * ```
 */
export function equalText(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let index = 0; index < a.length; index++)
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
