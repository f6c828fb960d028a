/**
 * Derives keys from one or several secrets with HKDF: AES keys for seals, and HMAC keys by purpose.
 * Sessions, limiters, the login throttle and CSRF tokens each create a ring from their option `secret`;
 * sealers, device-bound sessions, session events and the login use the ring of the sessions.
 *
 * A weak or absent secret is reported as an issue, never by its value, and the caller must throw the
 * issues before it uses the ring: without a secret every method rejects with a `RangeError`. Keys are
 * cached for the life of the ring, up to 64 purposes for each secret.
 */
import type { Issues } from '../options/index.ts'
import { encodeBase64url } from './base64url.ts'
import { validateSecrets } from './secret.ts'
import { encodeUtf8, joinBytes } from './text.ts'

/**
 * A list of secrets. The first one seals and all of them open. Creating a ring does no crypto, which Workers forbid at
 * module scope. Keys are derived when they are first needed (RFC 5869, SHA-256) and cached for the life of the ring.
 */
export interface KeyRing {
  /** Number of secrets. */
  readonly size: number
  /** Returns the id of each secret in order, as tokens carry it: 8 derived characters that do not reveal the secret. */
  ids(): Promise<readonly string[]>
  /** Derives the AES-256-GCM key of one secret that is bound to `parts`. It is not cached here. */
  sealKey(index: number, parts: readonly string[]): Promise<CryptoKey>
  /**
   * Computes the HMAC-SHA-256 of a text under the first secret's key for a purpose: a MAC of one purpose is never valid
   * for another. `purpose` must be a constant of the program, never a value of a request.
   */
  mac(purpose: string, text: string): Promise<Uint8Array<ArrayBuffer>>
  /** Computes the MAC under each secret in order, to find values from before a rotation of the secrets. */
  macs(purpose: string, text: string): Promise<Uint8Array<ArrayBuffer>[]>
}

// HKDF's salt is not secret. This one separates our keys from other keys that are derived from the same secret.
const salt = 'portcullis v1'
const maxPurposes = 64
const withoutSecret = 'The key ring has no valid secret.'

/**
 * Creates a ring of one secret or several, each of at least 32 characters: a list, or one text with white space between
 * them. To rotate, append the new secret and deploy, then move it first and deploy. Keep the old one for as long as its
 * seals may live.
 *
 * @param issues - receives the problems of the secrets by position, never by value. A ring with issues must not be
 * used; its
 *   methods reject if there is no secret.
 * @example
 * ```ts
 * const issues = createIssues('secret')
 * const ring = keyRing(env.SECRET, issues)
 * issues.throwIfAny()
 * ```
 */
export function keyRing(secret: string | readonly string[], issues: Issues): KeyRing {
  const secrets = validateSecrets(secret, issues)
  const roots: CryptoKey[] = []
  const macKeys = new Map<string, CryptoKey>()
  let cachedIds: readonly string[] | undefined

  // The cache holds keys, not promises: on Workers a promise that one request made may not settle in another.
  async function deriveRootKey(index: number): Promise<CryptoKey> {
    const cachedKey = roots[index]
    if (cachedKey) return cachedKey

    const text = secrets[index]
    if (text === undefined) throw new RangeError(withoutSecret)
    const cryptoKey = await crypto.subtle.importKey('raw', encodeUtf8(text), 'HKDF', false, [
      'deriveBits',
      'deriveKey',
    ])
    roots[index] = cryptoKey
    return cryptoKey
  }

  async function deriveIds(): Promise<readonly string[]> {
    if (cachedIds) return cachedIds

    cachedIds = await Promise.all(
      secrets.map(async (_, index) => deriveId(await deriveRootKey(index))),
    )
    return cachedIds
  }

  async function sealKey(index: number, parts: readonly string[]): Promise<CryptoKey> {
    const algorithm = { name: 'AES-GCM', length: 256 }
    return crypto.subtle.deriveKey(
      hkdf('seal', ...parts),
      await deriveRootKey(index),
      algorithm,
      false,
      ['encrypt', 'decrypt'],
    )
  }

  async function deriveMacKey(index: number, purpose: string): Promise<CryptoKey> {
    const name = `${index} ${purpose}`
    const cachedKey = macKeys.get(name)
    if (cachedKey) return cachedKey

    const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 }
    const cryptoKey = await crypto.subtle.deriveKey(
      hkdf('mac', purpose),
      await deriveRootKey(index),
      algorithm,
      false,
      ['sign'],
    )
    if (macKeys.size >= maxPurposes * secrets.length) macKeys.clear()
    macKeys.set(name, cryptoKey)
    return cryptoKey
  }

  async function computeMac(
    index: number,
    purpose: string,
    text: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(
      await crypto.subtle.sign('HMAC', await deriveMacKey(index, purpose), encodeUtf8(text)),
    )
  }

  return {
    size: secrets.length,
    ids: deriveIds,
    sealKey,
    mac: (purpose, text) => computeMac(0, purpose, text),
    macs: (purpose, text) =>
      Promise.all(secrets.map((_, index) => computeMac(index, purpose, text))),
  }
}

/** Derives the 8 characters that name a secret in a token. */
async function deriveId(rootKey: CryptoKey): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.deriveBits(hkdf('kid'), rootKey, 48)))
}

function hkdf(...parts: readonly string[]): HkdfParams {
  return {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: encodeUtf8(salt),
    info: encodeUtf8(joinBytes(...parts)),
  }
}
