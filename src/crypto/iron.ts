/**
 * Opens `Fe26.2` seals of @hapi/iron and iron-webcrypto, so that a migration signs nobody out; it
 * never creates one. `ironCookie()` of `session/legacy` and `iron-dialects.ts` call it.
 *
 * It supports only the defaults of those libraries (AES-256-CBC, HMAC-SHA-256, PBKDF2-SHA-1 with one
 * iteration). Any other seal, one over `maxLength` (8192 characters), one that has expired, and one of
 * an unknown password resolve with the reason (`SealRejection`). It does not reject for a seal that a
 * client sent. PBKDF2 with one iteration protects a weak password badly, so seals are only imported.
 */
import type { Clock } from '../types.ts'
import { decodeBase64url } from './base64url.ts'
import { findPassword, type IronPasswords } from './iron-passwords.ts'
import {
  expired,
  malformed,
  type SealRejection,
  tampered,
  tooLong,
  unknownKey,
} from './rejection.ts'
import { decodeUtf8, encodeUtf8 } from './text.ts'

/** Options of reading a legacy seal. */
export interface IronOptions {
  /** Returns the current time in milliseconds since the epoch. */
  readonly clock: Clock
  /**
   * Seconds for which an expired seal still opens, for clocks that differ.
   *
   * @default 60, as in those libraries
   */
  readonly skew?: number
  /**
   * Maximum length of a seal in characters. A longer one is rejected before it is read.
   *
   * @default 8192
   */
  readonly maxLength?: number
}

/** The content of a legacy seal. */
export interface OpenedIron {
  /** The sealed JSON text. */
  readonly json: string
  /** When the seal ends, in milliseconds since the epoch; undefined for a seal without an end. */
  readonly expiresAt: number | undefined
  /** The seal's own MAC, 43 characters: a stable fingerprint of this very seal. */
  readonly mac: string
}

/** The decoded parts of a seal. */
interface SealParts {
  readonly id: string
  readonly salt: string
  readonly iv: Uint8Array<ArrayBuffer>
  readonly ciphertext: Uint8Array<ArrayBuffer>
  readonly expiresAt: number | undefined
  readonly macSalt: string
  readonly mac: Uint8Array<ArrayBuffer>
  /** The text that the MAC covers: everything before its own two parts. */
  readonly signedText: string
}

/**
 * Opens a seal, or returns the reason why it is rejected. It rejects every seal that @hapi/iron or iron-webcrypto would
 * reject, and spellings that neither would write: base64 that is not canonical, salts of another length, an expiration
 * with leading zeros. Length, shape, expiration and password id are checked before any crypto.
 *
 * @param passwords - one password for seals of any id, or passwords by id. A seal without an id uses the password with
 *   the id `''` or `default`, as in those libraries. Bytes are the key itself, and must be 32.
 * @example
 * ```ts
 * const result = await openIron(cookie, password, { clock: Date.now })
 * const data = 'refused' in result ? undefined : JSON.parse(result.json)
 * ```
 */
export async function openIron(
  token: string,
  passwords: IronPasswords,
  options: IronOptions,
): Promise<OpenedIron | SealRejection> {
  const { clock, skew = 60, maxLength = 8192 } = options
  if (token.length > maxLength) return tooLong

  const parts = parseToken(token)
  if (!parts) return malformed

  const { expiresAt } = parts
  if (expiresAt !== undefined && expiresAt <= clock() - skew * 1000) return expired

  const password = findPassword(passwords, parts.id)
  if (!password) return unknownKey

  // A password needs a salt; a key must not have one.
  if ((typeof password === 'string') !== (parts.salt !== '')) return malformed

  try {
    if (!(await verifyMac(parts, password))) return tampered
    const jsonText = decodeUtf8(await decrypt(parts, password))
    return isPlainJson(jsonText)
      ? { json: jsonText, expiresAt, mac: token.slice(token.lastIndexOf('*') + 1) }
      : malformed
  } catch {
    return tampered
  }
}

/** Parses a seal. Returns undefined for text that the libraries would not have written with their defaults. */
function parseToken(token: string): SealParts | undefined {
  const parts = token.split('*')
  const [
    version,
    id = '',
    salt = '',
    iv = '',
    ciphertext = '',
    expiration = '',
    macSalt = '',
    mac = '',
  ] = parts
  if (parts.length !== 8 || version !== 'Fe26.2' || !/^\w{0,64}$/.test(id)) return undefined
  if (!/^(?:[1-9]\d{0,14})?$/.test(expiration)) return undefined
  // A salt has 256 bits as hexadecimal digits; it is empty where the password is a key.
  if (!/^(?:[0-9a-f]{64})?$/.test(salt) || !/^(?:[0-9a-f]{64})?$/.test(macSalt)) return undefined
  if ((salt === '') !== (macSalt === '')) return undefined
  const [ivBytes, ciphertextBytes, macBytes] = [
    decodeBase64url(iv),
    decodeBase64url(ciphertext),
    decodeBase64url(mac),
  ]
  if (ivBytes?.length !== 16 || macBytes?.length !== 32) return undefined
  if (!ciphertextBytes || ciphertextBytes.length === 0 || ciphertextBytes.length % 16 !== 0)
    return undefined
  return {
    id,
    salt,
    iv: ivBytes,
    ciphertext: ciphertextBytes,
    expiresAt: expiration === '' ? undefined : Number(expiration),
    macSalt,
    mac: macBytes,
    signedText: parts.slice(0, 6).join('*'),
  }
}

async function verifyMac(parts: SealParts, password: string | Uint8Array): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  const cryptoKey = await deriveKey(password, parts.macSalt, algorithm, 'verify')
  return crypto.subtle.verify('HMAC', cryptoKey, parts.mac, encodeUtf8(parts.signedText))
}

async function decrypt(parts: SealParts, password: string | Uint8Array): Promise<ArrayBuffer> {
  const cryptoKey = await deriveKey(
    password,
    parts.salt,
    { name: 'AES-CBC', length: 256 },
    'decrypt',
  )
  return crypto.subtle.decrypt({ name: 'AES-CBC', iv: parts.iv }, cryptoKey, parts.ciphertext)
}

async function deriveKey(
  password: string | Uint8Array,
  salt: string,
  algorithm: HmacKeyGenParams | AesKeyGenParams,
  use: 'verify' | 'decrypt',
): Promise<CryptoKey> {
  if (typeof password !== 'string') {
    return crypto.subtle.importKey('raw', new Uint8Array(password), algorithm, false, [use])
  }

  const root = await crypto.subtle.importKey('raw', encodeUtf8(password), 'PBKDF2', false, [
    'deriveKey',
  ])
  const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-1', salt: encodeUtf8(salt), iterations: 1 }
  return crypto.subtle.deriveKey(pbkdf2, root, algorithm, false, [use])
}

/** True for JSON without a member named `__proto__`, which @hapi/iron rejects. */
export function isPlainJson(text: string): boolean {
  try {
    JSON.parse(text, (key, value) => {
      if (key === '__proto__') throw new SyntaxError('A member named __proto__.')
      return value
    })
    return true
  } catch {
    return false
  }
}
