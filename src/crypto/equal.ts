/**
 * Compares secrets in constant time, so that the time does not reveal where they differ. CSRF
 * tokens and device cookies are compared with it. It never throws; values of different length are
 * not equal.
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
