/**
 * Seals (encrypts and authenticates) text into tokens and unseals them: compact JWE with direct
 * A256GCM, on Web Crypto. Sessions create sealers for cookies and rows, the login for its cookies and
 * token rows, and the login throttle for device cookies.
 *
 * A token that does not open resolves with the reason (`SealRejection`) and never rejects; one over
 * `maxLength` (8192 characters by default) is not read. `seal` does not limit its input, so a caller
 * must check the length of what it stores. Both reject only if the key ring has no valid secret. A token
 * opens for up to one day longer than `lifetime`, so the text must hold its exact expiry.
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
import { decodeUtf8, encoder, encodeUtf8 } from './text.ts'

/** The purpose of a seal. A seal never opens for another purpose. */
export type SealPurpose = 'session' | 'record' | 'device' | 'transaction' | 'csrf'

/** The binding of a sealer's tokens, and their lifetime. */
export interface SealerOptions {
  /** Purpose of the token. A token that was sealed for another purpose cannot be opened. */
  readonly purpose: SealPurpose
  /** Name of the cookie or other carrier of the token: a token never opens under another name. */
  readonly name: string
  /** Seconds for which a token can be opened, rounded up to whole days. Put the exact expiry into the sealed text. */
  readonly lifetime: number
  /**
   * A stage, such as `staging`: tokens of another stage never open, even under the same secret.
   *
   * @default undefined (one stage)
   */
  readonly audience?: string
  /**
   * Maximum length of a token in characters. A longer one is rejected before it is read.
   *
   * @default 8192, twice the size of a cookie that browsers accept
   */
  readonly maxLength?: number
  /** Returns the current time in milliseconds since the epoch. It may go back. */
  readonly clock: Clock
}

/** Seals and unseals tokens of one purpose and name. */
export interface Sealer {
  /** Seals JSON text. It may append spaces, which JSON ignores. */
  seal(jsonText: string): Promise<string>
  /**
   * Unseals a token. Resolves with its text, which may end with spaces, or with the reason why it is rejected. The
   * promise never rejects because of the token. Length, shape, key and day are checked before any decryption, the
   * length first.
   */
  open(token: string): Promise<string | SealRejection>
}

const dayMs = 86_400_000
const daySeconds = 86_400
// Characters of a 96-bit nonce and a 128-bit tag, the only lengths A256GCM has in a JWE.
const nonceChars = 16
const tagChars = 22

// These promises settle at module scope, where no request owns them, so that rejecting a token creates no promise.
const rejectMalformed: Promise<SealRejection> = Promise.resolve(malformed)
const rejectTooLong: Promise<SealRejection> = Promise.resolve(tooLong)
const rejectFuture: Promise<SealRejection> = Promise.resolve(fromTheFuture)
const rejectExpired: Promise<SealRejection> = Promise.resolve(expired)

/**
 * Creates a sealer. Each day has a key of its own, so that random nonces stay far below the 2^32 that one key may see
 * (NIST SP 800-38D section 8.3), at any scale and at no cost per token.
 *
 * @example
 * ```ts
 * const { seal, open } = sealer(ring, {
 *   purpose: 'transaction',
 *   name: 'checkout',
 *   lifetime: 3600,
 *   clock: Date.now,
 * })
 * const token = await seal(JSON.stringify({ cart: 7 }))
 * const text = await open(token) // a string, or { refused: 'tampered' }
 * ```
 */
export function sealer(ring: KeyRing, options: SealerOptions): Sealer {
  const { purpose, name, audience, clock, maxLength = 8192 } = options
  const binding = audience === undefined ? [purpose, name] : [purpose, name, audience]
  const keys = createDayKeys(ring, binding, Math.ceil(options.lifetime / daySeconds) + 1)
  let sealingKey: DayKey | undefined
  let recentKey: DayKey | undefined

  // As much as possible is synchronous, because each promise adds to the cost of every request.
  function seal(jsonText: string): Promise<string> {
    const day = Math.floor(clock() / dayMs)
    return sealingKey?.day === day ? encrypt(sealingKey, jsonText) : sealUncached(day, jsonText)
  }

  async function sealUncached(day: number, jsonText: string): Promise<string> {
    sealingKey = await keys.getSealingKey(day)
    return encrypt(sealingKey, jsonText)
  }

  function unseal(token: string): Promise<string | SealRejection> {
    if (token.length > maxLength) return rejectTooLong
    const today = Math.floor(clock() / dayMs)
    const lastKey = recentKey
    if (lastKey && token.slice(0, lastKey.header.length) === lastKey.header) {
      return unsealWith(lastKey, token, today)
    }

    const headerEnd = token.indexOf('.')
    if (!hasFiveParts(token, headerEnd)) return rejectMalformed

    const header = token.slice(0, headerEnd)
    const cachedKey = keys.getCached(header)
    if (!cachedKey) return unsealUncached(header, token, today)

    recentKey = cachedKey
    return unsealWith(cachedKey, token, today)
  }

  function unsealWith(
    dayKey: DayKey,
    token: string,
    today: number,
  ): Promise<string | SealRejection> {
    const headerEnd = dayKey.header.length
    if (!hasFiveParts(token, headerEnd)) return rejectMalformed
    if (!keys.isLive(dayKey.day, today)) return dayKey.day > today ? rejectFuture : rejectExpired
    return decryptBody(dayKey, token, headerEnd)
  }

  async function unsealUncached(
    header: string,
    token: string,
    today: number,
  ): Promise<string | SealRejection> {
    const result = await keys.find(header, today)
    return 'refused' in result ? result : decryptBody(result, token, header.length)
  }

  return { seal, open: unseal }
}

/**
 * True if the dots are at the positions of header, empty key, nonce, text and tag. The parts themselves are not
 * checked.
 */
function hasFiveParts(token: string, headerEnd: number): boolean {
  const tag = token.length - tagChars - 1
  return (
    headerEnd > 0 &&
    tag > headerEnd + 2 + nonceChars &&
    token.charCodeAt(headerEnd) === 46 &&
    token.charCodeAt(headerEnd + 1) === 46 &&
    token.charCodeAt(headerEnd + 2 + nonceChars) === 46 &&
    token.charCodeAt(tag) === 46
  )
}

// Memory for nonces. Each nonce is drawn when it is used, and its memory is never used again. A pool of nonces that was
// drawn in advance would be used twice after a snapshot, which breaks GCM. A view costs a third of a new array.
let randomBlock = new Uint8Array(0)
let usedBytes = 0

function createNonce(): Uint8Array<ArrayBuffer> {
  if (usedBytes === randomBlock.length) {
    randomBlock = new Uint8Array(12 * 256)
    usedBytes = 0
  }
  usedBytes += 12
  return crypto.getRandomValues(randomBlock.subarray(usedBytes - 12, usedBytes))
}

async function encrypt(dayKey: DayKey, jsonText: string): Promise<string> {
  // With padding to a multiple of three bytes, one call encodes both text and tag.
  const text = `${jsonText}  `
  // A character of a string takes at most three bytes.
  const memory = text.length * 3 > scratch.length ? encodeUtf8(text) : scratch
  const length = encoder.encodeInto(text, memory).written - 2
  const plaintext = memory.subarray(0, length + ((3 - (length % 3)) % 3))

  const iv = createNonce()
  const algorithm = { name: 'AES-GCM', iv, additionalData: dayKey.aad }
  const bytes = await crypto.subtle.encrypt(algorithm, dayKey.key, plaintext)
  const body = encodeBase64url(new Uint8Array(bytes))
  const content = `${body.slice(0, -tagChars)}.${body.slice(-tagChars)}`

  return `${dayKey.header}..${encodeBase64url(iv)}.${content}`
}

// Memory in which texts are encoded and tokens decoded, nonce first. Web Crypto copies its input before it returns
// (section 14.3.2, steps 2 and 3), so the next token may use the same memory. New memory would add a fifth to the cost
// of opening one.
const scratchChars = 8192
const scratch = /* @__PURE__ */ new Uint8Array((scratchChars * 3) / 4)
const scratchNonce = /* @__PURE__ */ scratch.subarray(0, 12)
const scratchText = /* @__PURE__ */ scratch.subarray(12)

function decryptBody(
  dayKey: DayKey,
  token: string,
  headerEnd: number,
): Promise<string | SealRejection> {
  const text = headerEnd + 3 + nonceChars
  const tag = token.length - tagChars
  const parts = [
    token.slice(headerEnd + 2, text - 1),
    token.slice(text, tag - 1),
    token.slice(tag),
  ] as const
  if (decodeInto === undefined || token.length > scratchChars) return decryptLongBody(dayKey, parts)

  // Joining a short token costs less than two more calls.
  if (token.length < 512 && ((tag - 1 - text) & 3) === 0) {
    const whole = decodeInto(parts[0] + parts[1] + parts[2], scratch)
    return whole === -1
      ? rejectMalformed
      : decrypt(dayKey, scratchNonce, scratch.subarray(12, whole))
  }

  const length = decodeInto(parts[1], scratchText)
  if (length === -1 || decodeInto(parts[0], scratchNonce) !== 12) return rejectMalformed
  if (decodeInto(parts[2], scratch.subarray(12 + length)) !== 16) return rejectMalformed
  return decrypt(dayKey, scratchNonce, scratch.subarray(12, 28 + length))
}

function decryptLongBody(
  dayKey: DayKey,
  parts: readonly string[],
): Promise<string | SealRejection> {
  const [nonce, start, end] = parts.map(decodeBase64url)
  if (!nonce || !start || !end) return rejectMalformed

  const ciphertext = new Uint8Array(start.length + end.length)
  ciphertext.set(start)
  ciphertext.set(end, start.length)
  return decrypt(dayKey, nonce, ciphertext)
}

async function decrypt(
  dayKey: DayKey,
  iv: Uint8Array<ArrayBuffer>,
  ciphertext: Uint8Array<ArrayBuffer>,
): Promise<string | SealRejection> {
  try {
    return decodeUtf8(
      await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv, additionalData: dayKey.aad },
        dayKey.key,
        ciphertext,
      ),
    )
  } catch {
    return tampered
  }
}
