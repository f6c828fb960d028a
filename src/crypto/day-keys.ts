/**
 * Derives and caches the encryption keys of one sealer: one key for each secret and day. Only
 * `seal.ts` calls it.
 *
 * A token whose header is malformed, or whose secret or day is not accepted, gives a `SealRejection`
 * instead of a key. The cache holds at most `secrets x (window + 2)` keys, whatever tokens a client
 * sends. Two requests that need the same new key at the same time derive it twice. The promises
 * reject only if the key ring has no valid secret.
 */
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyRing } from './key-ring.ts'
import { expired, fromTheFuture, malformed, type SealRejection, unknownKey } from './rejection.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

/** The key of a day, and the parts that all of its tokens share. */
export interface DayKey {
  /** The day on which this key seals, in days since the epoch. */
  readonly day: number
  /** The protected header in base64url. */
  readonly header: string
  /** The header as bytes: the additional authenticated data of a JWE (RFC 7516 section 5.1 step 14). */
  readonly aad: Uint8Array<ArrayBuffer>
  readonly key: CryptoKey
}

/** The keys of one purpose and name. */
export interface DayKeys {
  /** Returns the key that seals on a day: the first secret's. */
  getSealingKey(dayNumber: number): Promise<DayKey>
  /** Returns the cached key of a header, even if its day has passed. */
  getCached(header: string): DayKey | undefined
  /** Derives the key of a header, or returns the reason why there is none. */
  find(header: string, today: number): Promise<DayKey | SealRejection>
  /** True if a token that was sealed on a day may still open. */
  isLive(dayNumber: number, today: number): boolean
  /** Number of cached keys. */
  readonly size: number
}

/**
 * Creates the keys of one purpose and name.
 *
 * @param binding - texts that the keys are bound to besides the day.
 * @param window - number of past days whose tokens open. Tokens of the next day open too, for clocks that differ at
 * midnight.
 */
export function createDayKeys(ring: KeyRing, binding: readonly string[], window: number): DayKeys {
  const cache = new Map<string, DayKey>()
  const maxKeys = ring.size * (window + 2)
  const isLive = (dayNumber: number, today: number): boolean =>
    dayNumber >= today - window && dayNumber <= today + 1

  async function deriveKey(
    secretIndex: number,
    dayNumber: number,
    header: string,
    today: number,
  ): Promise<DayKey> {
    const cryptoKey = await ring.sealKey(secretIndex, [...binding, String(dayNumber)])
    const dayKey: DayKey = { day: dayNumber, header, aad: encodeUtf8(header), key: cryptoKey }

    // At most `maxKeys` keys are live and this is one of them, so a full cache contains a key of a day that has passed.
    // Only such keys are evicted, whatever tokens a client sends.
    if (cache.size >= maxKeys) {
      for (const old of cache.values()) {
        if (!isLive(old.day, today)) cache.delete(old.header)
      }
    }
    cache.set(header, dayKey)
    return dayKey
  }

  return {
    isLive,
    getCached: (header) => cache.get(header),
    get size(): number {
      return cache.size
    },
    async getSealingKey(dayNumber): Promise<DayKey> {
      const [keyId = ''] = await ring.ids()
      const header = encodeHeader(keyId, dayNumber)
      return cache.get(header) ?? deriveKey(0, dayNumber, header, dayNumber)
    },
    async find(header, today): Promise<DayKey | SealRejection> {
      const kid = parseKeyId(header)
      if (!kid) return malformed

      const ids = await ring.ids()
      const secretIndex = ids.indexOf(kid.id)
      if (secretIndex === -1) return unknownKey
      if (!isLive(kid.day, today)) return kid.day > today ? fromTheFuture : expired

      // The header must be exactly the one that we would write: a token has only one valid spelling.
      if (encodeHeader(kid.id, kid.day) !== header) return malformed
      return cache.get(header) ?? deriveKey(secretIndex, kid.day, header, today)
    },
  }
}

// These 36 bytes are exactly 48 characters in base64url, so all of our headers begin with the same characters.
const headerStart = '{"alg":"dir","enc":"A256GCM","kid":"'
const encodedHeaderStart = encodeBase64url(encodeUtf8(headerStart))
const maxHeaderLength = 80

function encodeHeader(keyId: string, dayNumber: number): string {
  return encodeBase64url(encodeUtf8(`${headerStart}${keyId}.${dayNumber}"}`))
}

/** Parses the key id of a header that has our form. */
function parseKeyId(header: string): { id: string; day: number } | undefined {
  if (header.length > maxHeaderLength || !header.startsWith(encodedHeaderStart)) return undefined

  const bytes = decodeBase64url(header.slice(encodedHeaderStart.length))
  if (!bytes) return undefined

  const match = /^([\w-]{8})\.(0|[1-9]\d{0,6})"\}$/.exec(decodeAscii(bytes))
  return match ? { id: match[1] as string, day: Number(match[2]) } : undefined
}

function decodeAscii(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes)
  } catch {
    return ''
  }
}
