/** Compares secrets in constant time, so that the time does not reveal where they differ. */

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
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
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
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
