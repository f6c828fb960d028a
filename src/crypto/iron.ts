/**
 * Opens `Fe26.2` seals of @hapi/iron and iron-webcrypto, so that a migration logs nobody out; never makes one. The
 * defaults of those libraries and nothing else: AES-256-CBC, HMAC-SHA-256, keys by PBKDF2-SHA-1 with one iteration.
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

/** How a legacy seal is read. */
export interface IronOptions {
  /** Now, in milliseconds. */
  readonly clock: Clock
  /** Seconds for which an expired seal still opens, for clocks that differ. Default 60, as the libraries have it. */
  readonly skew?: number
  /** Characters above which a seal is refused unseen. Default 8,192. */
  readonly maxLength?: number
}

/** A legacy seal that was opened. */
export interface OpenedIron {
  /** What was sealed, as JSON text. */
  readonly json: string
  /** When the seal ends, in milliseconds; undefined for one that never does. */
  readonly expiresAt: number | undefined
  /** The seal's own MAC: a stable mark of this very seal, 43 characters. */
  readonly mac: string
}

/** The parts of a seal, decoded. */
interface Parts {
  readonly id: string
  readonly salt: string
  readonly iv: Uint8Array<ArrayBuffer>
  readonly sealed: Uint8Array<ArrayBuffer>
  readonly expiresAt: number | undefined
  readonly macSalt: string
  readonly mac: Uint8Array<ArrayBuffer>
  /** What the MAC covers: everything before its own two parts. */
  readonly covered: string
}

/**
 * Opens a seal, or says why not. Refuses whatever @hapi/iron or iron-webcrypto would refuse, and besides what neither
 * would write: a spelling of base64 other than the canonical one, salts of another length, an expiration with leading
 * zeros. Length, shape, expiration and password id are judged before any crypto.
 *
 * @param passwords - one password for seals of any id, or passwords by id. A seal without an id takes the one under `''`
 *   or, as the libraries call it, `default`. Bytes are the key itself and must be 32.
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
  // A password is never used without its salt, nor a key with one.
  if ((typeof password === 'string') !== (parts.salt !== '')) return malformed
  try {
    if (!(await verifyMac(parts, password))) return tampered
    const json = decodeUtf8(await decrypt(parts, password))
    return isPlainJson(json)
      ? { json, expiresAt, mac: token.slice(token.lastIndexOf('*') + 1) }
      : malformed
  } catch {
    return tampered
  }
}

/** Takes a seal apart; undefined for what the libraries would not have written with their defaults. */
function parseToken(token: string): Parts | undefined {
  const parts = token.split('*')
  const [
    version,
    id = '',
    salt = '',
    iv = '',
    sealed = '',
    expiration = '',
    macSalt = '',
    mac = '',
  ] = parts
  if (parts.length !== 8 || version !== 'Fe26.2' || !/^\w{0,64}$/.test(id)) return undefined
  if (!/^(?:[1-9]\d{0,14})?$/.test(expiration)) return undefined
  // 256 bits as hexadecimal digits, or none where the password is a key.
  if (!/^(?:[0-9a-f]{64})?$/.test(salt) || !/^(?:[0-9a-f]{64})?$/.test(macSalt)) return undefined
  if ((salt === '') !== (macSalt === '')) return undefined
  const [ivBytes, sealedBytes, macBytes] = [
    decodeBase64url(iv),
    decodeBase64url(sealed),
    decodeBase64url(mac),
  ]
  if (ivBytes?.length !== 16 || macBytes?.length !== 32) return undefined
  if (!sealedBytes || sealedBytes.length === 0 || sealedBytes.length % 16 !== 0) return undefined
  return {
    id,
    salt,
    iv: ivBytes,
    sealed: sealedBytes,
    expiresAt: expiration === '' ? undefined : Number(expiration),
    macSalt,
    mac: macBytes,
    covered: parts.slice(0, 6).join('*'),
  }
}

async function verifyMac(parts: Parts, password: string | Uint8Array): Promise<boolean> {
  const kind = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  const key = await deriveKey(password, parts.macSalt, kind, 'verify')
  return crypto.subtle.verify('HMAC', key, parts.mac, encodeUtf8(parts.covered))
}

async function decrypt(parts: Parts, password: string | Uint8Array): Promise<ArrayBuffer> {
  const key = await deriveKey(password, parts.salt, { name: 'AES-CBC', length: 256 }, 'decrypt')
  return crypto.subtle.decrypt({ name: 'AES-CBC', iv: parts.iv }, key, parts.sealed)
}

async function deriveKey(
  password: string | Uint8Array,
  salt: string,
  kind: HmacKeyGenParams | AesKeyGenParams,
  use: 'verify' | 'decrypt',
): Promise<CryptoKey> {
  if (typeof password !== 'string') {
    return crypto.subtle.importKey('raw', new Uint8Array(password), kind, false, [use])
  }
  const root = await crypto.subtle.importKey('raw', encodeUtf8(password), 'PBKDF2', false, [
    'deriveKey',
  ])
  const pbkdf2 = { name: 'PBKDF2', hash: 'SHA-1', salt: encodeUtf8(salt), iterations: 1 }
  return crypto.subtle.deriveKey(pbkdf2, root, kind, false, [use])
}

/** Whether this is JSON without a member named `__proto__`, which @hapi/iron refuses. */
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
