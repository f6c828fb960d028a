/** The keys of one sealer: one for each secret and day, derived when first needed, kept within a bound. */
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import type { KeyRing } from './key-ring.ts'
import { expired, fromTheFuture, malformed, type SealRejection, unknownKey } from './rejection.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

/** A key, and all that is the same for every token it makes. */
export interface DayKey {
  /** Days since the epoch on which this key seals. */
  readonly day: number
  /** The protected header as it is sent, in base64url. */
  readonly head: string
  /** The same as bytes: what a JWE authenticates besides its text (RFC 7516 section 5.1 step 14). */
  readonly aad: Uint8Array<ArrayBuffer>
  readonly key: CryptoKey
}

/** Keys by day and by header. */
export interface DayKeys {
  /** The key that seals on a day: the first secret's. */
  sealing(day: number): Promise<DayKey>
  /** The key of a header that was met before, whatever its day. */
  known(head: string): DayKey | undefined
  /** The key of a header that was not, or why there is none. */
  find(head: string, today: number): Promise<DayKey | SealRejection>
  /** Whether what was sealed on a day may still be opened. */
  isLive(day: number, today: number): boolean
  /** Keys held now. */
  readonly size: number
}

/**
 * Keys of one purpose and name.
 *
 * @param bound - what the keys are bound to besides the day
 * @param window - days back from which seals open; one ahead, too, for clocks that differ at midnight
 */
export function createDayKeys(ring: KeyRing, bound: readonly string[], window: number): DayKeys {
  const cache = new Map<string, DayKey>()
  const most = ring.size * (window + 2)
  const isLive = (day: number, today: number): boolean => day >= today - window && day <= today + 1

  async function deriveKey(
    secret: number,
    day: number,
    head: string,
    today: number,
  ): Promise<DayKey> {
    const key = await ring.sealKey(secret, [...bound, String(day)])
    const made: DayKey = { day, head, aad: encodeUtf8(head), key }
    // There are `most` live keys at most and this is one, so when the cache is full one of the others is dead: only
    // dead ones ever make room, whatever a client asks for.
    if (cache.size >= most)
      for (const old of cache.values()) if (!isLive(old.day, today)) cache.delete(old.head)
    cache.set(head, made)
    return made
  }

  return {
    isLive,
    known: (head) => cache.get(head),
    get size(): number {
      return cache.size
    },
    async sealing(day): Promise<DayKey> {
      const [id = ''] = await ring.ids()
      const head = encodeHeader(id, day)
      return cache.get(head) ?? deriveKey(0, day, head, day)
    },
    async find(head, today): Promise<DayKey | SealRejection> {
      const claim = readKeyClaim(head)
      if (!claim) return malformed
      const ids = await ring.ids()
      const secret = ids.indexOf(claim.id)
      if (secret === -1) return unknownKey
      if (!isLive(claim.day, today)) return claim.day > today ? fromTheFuture : expired
      // What the header says is used only to write one of our own, which must be the same to the last character.
      if (encodeHeader(claim.id, claim.day) !== head) return malformed
      return cache.get(head) ?? deriveKey(secret, claim.day, head, today)
    },
  }
}

// 36 bytes are exactly 48 characters: every header of ours begins with the same ones.
const headerStart = '{"alg":"dir","enc":"A256GCM","kid":"'
const encodedHeaderStart = encodeBase64url(encodeUtf8(headerStart))
const maxHeaderLength = 80

function encodeHeader(id: string, day: number): string {
  return encodeBase64url(encodeUtf8(`${headerStart}${id}.${day}"}`))
}

/** Id and day of a header that has our shape. */
function readKeyClaim(head: string): { id: string; day: number } | undefined {
  if (head.length > maxHeaderLength || !head.startsWith(encodedHeaderStart)) return undefined
  const bytes = decodeBase64url(head.slice(encodedHeaderStart.length))
  if (!bytes) return undefined
  const claim = /^([\w-]{8})\.(0|[1-9]\d{0,6})"\}$/.exec(decodeAscii(bytes))
  return claim ? { id: claim[1] as string, day: Number(claim[2]) } : undefined
}

function decodeAscii(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes)
  } catch {
    return ''
  }
}
