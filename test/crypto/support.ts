/** What the tests of this room share: secrets, a moment, and a count of what is asked of Web Crypto. */
import { keyRing, type Sealer, type SealerOptions, sealer } from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'

export const first = 'w7Yk2pQz9LmT4vXc8RbN6hJd3FgS5aEu'
export const second = 'Zq1-oVt6_KxH0yBn7.WjC4iUs9+DfGr2e'
export const dayMs = 86_400_000
/** Noon of day 20,777. */
export const noon: number = Date.UTC(2026, 10, 20, 12)
export const today = 20_777

/** A sealer for sessions of an hour on that noon, or with what is given. */
export function sealerOf(
  secret: string | string[] = first,
  options: Partial<SealerOptions> = {},
): Sealer {
  const found = createIssues()
  const ring = keyRing(secret, found)
  found.throwIfAny()
  return sealer(ring, {
    purpose: 'session',
    name: '__Host-session',
    lifetime: 3600,
    clock: () => noon,
    ...options,
  })
}

/** Calls of Web Crypto's functions while `body` runs, by name. */
export async function countCrypto(body: () => unknown): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const undo: (() => void)[] = []
  for (const object of [crypto, crypto.subtle] as unknown as Record<
    string,
    (...given: unknown[]) => unknown
  >[]) {
    for (const name of names) {
      const original = object[name]
      if (typeof original !== 'function') continue
      const counted = (...given: unknown[]): unknown => {
        counts[name] = (counts[name] ?? 0) + 1
        return original.apply(object, given)
      }
      Object.defineProperty(object, name, { value: counted, configurable: true, writable: true })
      undo.push(() => delete object[name])
    }
  }
  try {
    await body()
    return counts
  } finally {
    for (const back of undo) back()
  }
}

const names = [
  'getRandomValues randomUUID encrypt decrypt sign verify digest generateKey deriveKey deriveBits importKey exportKey',
].flatMap((list) => list.split(' '))
