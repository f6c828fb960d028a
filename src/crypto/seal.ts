/**
 * Seals text into tokens and opens them again: compact JWE, direct A256GCM, written and read on Web Crypto.
 *
 * @see RFC 7516 section 3.1 (compact serialization), RFC 7518 sections 4.5 (dir) and 5.3 (A256GCM)
 */
import type { Clock } from '../types.ts'
import { decodeBase64url, decodeInto, encodeBase64url } from './base64url.ts'
import { createDayKeys, type DayKey } from './day-keys.ts'
import type { KeyRing } from './key-ring.ts'
import {
  expired,
  fromTheFuture,
  malformed,
  type SealRejection,
  tampered,
  tooLong,
} from './rejection.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

/** What a seal is for. One made for another purpose never opens. */
export type SealPurpose = 'session' | 'record' | 'device' | 'transaction' | 'csrf'

/** What a sealer's tokens are bound to, and for how long. */
export interface SealerOptions {
  /** What the seal is for: one made for another purpose does not open. */
  readonly purpose: SealPurpose
  /** Name of the cookie, or of whatever carries the token: a token moved to another name never opens. */
  readonly name: string
  /** Seconds for which tokens must open. Counted in whole days here; what is inside says when exactly it ends. */
  readonly lifetime: number
  /** A stage, such as `staging`: tokens of another never open, even under the same secret. Default none. */
  readonly audience?: string
  /** Characters above which a token is refused unseen. Default 8,192, twice what a browser keeps in a cookie. */
  readonly maxLength?: number
  /** Now, in milliseconds; may go back. */
  readonly clock: Clock
}

/** Makes and opens tokens of one purpose and name. */
export interface Sealer {
  /** Seals JSON text. Spaces may be added behind it, which JSON ignores. */
  seal(json: string): Promise<string>
  /**
   * The text of a token, maybe with spaces behind it; or why there is none. Never rejects for anything in the token:
   * length, shape, key and day are judged before any decryption, length before anything.
   */
  open(token: string): Promise<string | SealRejection>
}

const dayMs = 86_400_000
const daySeconds = 86_400
// Characters of a 96-bit nonce and a 128-bit tag, the only lengths A256GCM has in a JWE.
const nonceChars = 16
const tagChars = 22

// Settled once, at module scope where no request owns them: the sync half of `open` makes no promise to refuse.
const rejectMalformed: Promise<SealRejection> = Promise.resolve(malformed)
const rejectTooLong: Promise<SealRejection> = Promise.resolve(tooLong)
const refuseFuture: Promise<SealRejection> = Promise.resolve(fromTheFuture)
const rejectExpired: Promise<SealRejection> = Promise.resolve(expired)

/**
 * A sealer. Every day has a key of its own, so that random nonces stay far below the 2^32 that one key may see (NIST SP
 * 800-38D section 8.3), at any scale and at no cost per token.
 */
export function sealer(ring: KeyRing, options: SealerOptions): Sealer {
  const { purpose, name, audience, clock, maxLength = 8192 } = options
  const bound = audience === undefined ? [purpose, name] : [purpose, name, audience]
  const keys = createDayKeys(ring, bound, Math.ceil(options.lifetime / daySeconds) + 1)
  let sealing: DayKey | undefined
  let recent: DayKey | undefined

  // The sync half decides, the async half is short: every promise and frame here is paid on every request.
  function seal(json: string): Promise<string> {
    const day = Math.floor(clock() / dayMs)
    return sealing?.day === day ? encrypt(sealing, json) : sealUncached(day, json)
  }

  async function sealUncached(day: number, json: string): Promise<string> {
    sealing = await keys.sealing(day)
    return encrypt(sealing, json)
  }

  function unseal(token: string): Promise<string | SealRejection> {
    if (token.length > maxLength) return rejectTooLong
    const today = Math.floor(clock() / dayMs)
    const last = recent
    if (last && token.slice(0, last.head.length) === last.head)
      return unsealWith(last, token, today)
    const at = token.indexOf('.')
    if (!hasFiveParts(token, at)) return rejectMalformed
    const head = token.slice(0, at)
    const known = keys.known(head)
    if (!known) return unsealUncached(head, token, today)
    recent = known
    return unsealWith(known, token, today)
  }

  function unsealWith(key: DayKey, token: string, today: number): Promise<string | SealRejection> {
    const at = key.head.length
    if (!hasFiveParts(token, at)) return rejectMalformed
    if (!keys.isLive(key.day, today)) return key.day > today ? refuseFuture : rejectExpired
    return decryptBody(key, token, at)
  }

  async function unsealUncached(
    head: string,
    token: string,
    today: number,
  ): Promise<string | SealRejection> {
    const found = await keys.find(head, today)
    return 'refused' in found ? found : decryptBody(found, token, head.length)
  }

  return { seal, open: unseal }
}

/** Whether the dots stand where header, an empty key, nonce, text and tag have them; what is between is not looked at. */
function hasFiveParts(token: string, at: number): boolean {
  const tag = token.length - tagChars - 1
  return (
    at > 0 &&
    tag > at + 2 + nonceChars &&
    token.charCodeAt(at) === 46 &&
    token.charCodeAt(at + 1) === 46 &&
    token.charCodeAt(at + 2 + nonceChars) === 46 &&
    token.charCodeAt(tag) === 46
  )
}

// Memory for nonces, not nonces: each is drawn when it is used and its place never used again. A pool drawn ahead would
// be used twice after a snapshot, and GCM does not survive that. A view costs a third of an array of its own.
let randomBlock = new Uint8Array(0)
let usedBytes = 0

function freshNonce(): Uint8Array<ArrayBuffer> {
  if (usedBytes === randomBlock.length) {
    randomBlock = new Uint8Array(12 * 256)
    usedBytes = 0
  }
  usedBytes += 12
  return crypto.getRandomValues(randomBlock.subarray(usedBytes - 12, usedBytes))
}

async function encrypt(key: DayKey, json: string): Promise<string> {
  // Padded to a multiple of three, text and tag are one base64 run: one call writes both.
  const text = encodeUtf8(`${json}  `)
  const length = text.length - 2
  const iv = freshNonce()
  const algorithm = { name: 'AES-GCM', iv, additionalData: key.aad }
  const padded = text.subarray(0, length + ((3 - (length % 3)) % 3))
  const sealed = encodeBase64url(
    new Uint8Array(await crypto.subtle.encrypt(algorithm, key.key, padded)),
  )
  return `${key.head}..${encodeBase64url(iv)}.${sealed.slice(0, -tagChars)}.${sealed.slice(-tagChars)}`
}

// Where tokens are decoded, nonce first. Web Crypto copies what it is given before it returns (section 14.3.2, steps 2 and 3),
// so that the next token may lie where this one lay: memory of its own would cost each a fifth of what opening it does.
const scratchChars = 8192
const scratch = /* @__PURE__ */ new Uint8Array((scratchChars * 3) / 4)
const scratchNonce = /* @__PURE__ */ scratch.subarray(0, 12)
const scratchText = /* @__PURE__ */ scratch.subarray(12)

function decryptBody(key: DayKey, token: string, at: number): Promise<string | SealRejection> {
  const text = at + 3 + nonceChars
  const tag = token.length - tagChars
  const parts = [
    token.slice(at + 2, text - 1),
    token.slice(text, tag - 1),
    token.slice(tag),
  ] as const
  if (decodeInto === undefined || token.length > scratchChars) return decryptLongBody(key, parts)
  // Few characters are put together for less than two more calls cost.
  if (token.length < 512 && ((tag - 1 - text) & 3) === 0) {
    const whole = decodeInto(parts[0] + parts[1] + parts[2], scratch)
    return whole === -1 ? rejectMalformed : decrypt(key, scratchNonce, scratch.subarray(12, whole))
  }
  const length = decodeInto(parts[1], scratchText)
  if (length === -1 || decodeInto(parts[0], scratchNonce) !== 12) return rejectMalformed
  if (decodeInto(parts[2], scratch.subarray(12 + length)) !== 16) return rejectMalformed
  return decrypt(key, scratchNonce, scratch.subarray(12, 28 + length))
}

function decryptLongBody(key: DayKey, parts: readonly string[]): Promise<string | SealRejection> {
  const [nonce, start, end] = parts.map(decodeBase64url)
  if (!nonce || !start || !end) return rejectMalformed
  const sealed = new Uint8Array(start.length + end.length)
  sealed.set(start)
  sealed.set(end, start.length)
  return decrypt(key, nonce, sealed)
}

async function decrypt(
  key: DayKey,
  iv: Uint8Array<ArrayBuffer>,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<string | SealRejection> {
  try {
    return decodeUtf8(
      await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv, additionalData: key.aad },
        key.key,
        sealed,
      ),
    )
  } catch {
    return tampered
  }
}
