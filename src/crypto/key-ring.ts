/** Secrets, and the keys that HKDF makes of them. */
import type { Issues } from '../options/index.ts'
import { encodeBase64url } from './base64url.ts'
import { validateSecrets } from './secret.ts'
import { encodeUtf8, joinBytes } from './text.ts'

/**
 * Secrets of which the first makes and all read. Making one does no crypto, as Workers want it at module scope; keys are
 * derived when first needed (RFC 5869, SHA-256) and kept for as long as the ring.
 */
export interface KeyRing {
  /** How many secrets there are. */
  readonly size: number
  /** What names each secret in a token, in order: 8 characters, derived, and of no use to find the secret. */
  ids(): Promise<readonly string[]>
  /** The AES-256-GCM key of one secret for what `parts` say. Not cached here. */
  sealKey(secret: number, parts: readonly string[]): Promise<CryptoKey>
  /**
   * HMAC-SHA-256 of a text under a key that is the first secret's for this purpose: no MAC of one purpose is one of
   * another. `purpose` is a word of the program, never of a request.
   */
  mac(purpose: string, text: string): Promise<Uint8Array<ArrayBuffer>>
  /** The same under each secret, in order: to find again what was made before the secrets were rotated. */
  macs(purpose: string, text: string): Promise<Uint8Array<ArrayBuffer>[]>
}

// HKDF's salt need not be secret; this one keeps our keys apart from whatever else is derived from the same secret.
const salt = 'portcullis v1'
const maxPurposes = 64

/**
 * Makes a ring of one secret or several, each of at least 32 characters: a list, or one text in which white space stands
 * between them. The first seals, all open: to rotate, append
 * the new one, deploy, then move it first, deploy; keep the old one for as long as what it sealed may live.
 *
 * @param issues - collects what is wrong with the secrets, by position and never with the value. A ring with issues must not
 *   be used; its methods reject when there is no secret.
 */
export function keyRing(secret: string | readonly string[], issues: Issues): KeyRing {
  const secrets = validateSecrets(secret, issues)
  const roots: CryptoKey[] = []
  const macKeys = new Map<string, CryptoKey>()
  let names: readonly string[] | undefined

  // Keys are kept, never promises of them: a promise made in one request may not settle in another on Workers.
  async function rootKey(at: number): Promise<CryptoKey> {
    const known = roots[at]
    if (known) return known
    const text = secrets[at]
    if (text === undefined) throw new RangeError('The key ring has no such secret.')
    const key = await crypto.subtle.importKey('raw', encodeUtf8(text), 'HKDF', false, [
      'deriveBits',
      'deriveKey',
    ])
    roots[at] = key
    return key
  }

  async function keyIds(): Promise<readonly string[]> {
    if (names) return names
    const made = await Promise.all(
      secrets.map(
        async (_, at) =>
          new Uint8Array(await crypto.subtle.deriveBits(hkdf('kid'), await rootKey(at), 48)),
      ),
    )
    names = made.map(encodeBase64url)
    return names
  }

  async function sealKey(at: number, parts: readonly string[]): Promise<CryptoKey> {
    const kind = { name: 'AES-GCM', length: 256 }
    return crypto.subtle.deriveKey(hkdf('seal', ...parts), await rootKey(at), kind, false, [
      'encrypt',
      'decrypt',
    ])
  }

  async function macKey(at: number, purpose: string): Promise<CryptoKey> {
    const name = `${at} ${purpose}`
    const known = macKeys.get(name)
    if (known) return known
    const kind = { name: 'HMAC', hash: 'SHA-256', length: 256 }
    const key = await crypto.subtle.deriveKey(
      hkdf('mac', purpose),
      await rootKey(at),
      kind,
      false,
      ['sign'],
    )
    if (macKeys.size >= maxPurposes * secrets.length) macKeys.clear()
    macKeys.set(name, key)
    return key
  }

  async function macAt(
    at: number,
    purpose: string,
    text: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(
      await crypto.subtle.sign('HMAC', await macKey(at, purpose), encodeUtf8(text)),
    )
  }

  return {
    size: secrets.length,
    ids: keyIds,
    sealKey,
    mac: (purpose, text) => macAt(0, purpose, text),
    macs: (purpose, text) => Promise.all(secrets.map((_, at) => macAt(at, purpose, text))),
  }
}

function hkdf(...parts: readonly string[]): HkdfParams {
  return {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: encodeUtf8(salt),
    info: encodeUtf8(joinBytes(...parts)),
  }
}
