/**
 * Parses and verifies what a device signed: a JWT in `Secure-Session-Response` (RFC 7515 section
 * 5.2, RFC 7518 sections 3.3 and 3.4). Registration and refresh call it. A bad proof gives its
 * reason; it rejects only where this runtime cannot use the key.
 */
import { decodeBase64url } from '../../crypto/base64url.ts'
import { decodeUtf8, encodeUtf8 } from '../../crypto/text.ts'
import { isObject } from '../../options/is-object.ts'
import type { DeviceAlgorithm, DeviceKey } from './binding.ts'

/** Why a proof does not count, whatever it is about. */
export type ProofRejection = 'malformed' | 'type' | 'algorithm' | 'key' | 'signature'

/** A proof that was parsed. Nothing in it is true before {@link verifyProof} says so. */
export interface Proof {
  readonly alg: DeviceAlgorithm
  /** The key in the proof's own header, which only a registration uses. */
  readonly key: DeviceKey | undefined
  /** The challenge that was signed: `jti`. */
  readonly challenge: string
  readonly signed: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Characters of a proof that are looked at: a 4,096 bit RSA key and its signature take 1,500. */
const maxLength = 8192

/** Parses a proof; no crypto yet. */
export function parseProof(
  token: string | undefined,
): Proof | { readonly rejected: ProofRejection } {
  const parts = (token ?? '').length > maxLength ? [] : (token ?? '').split('.')
  const [head = '', body = '', end = ''] = parts
  const header = parts.length === 3 ? parseJson(head) : undefined
  const payload = parseJson(body)
  const signature = decodeBase64url(end)
  if (header === undefined || payload === undefined || signature === undefined)
    return { rejected: 'malformed' }

  // No extension is understood, so none may be critical (RFC 7515 section 4.1.11).
  const { typ, alg, jwk, crit } = header
  if (typ !== 'dbsc+jwt' || crit !== undefined) return { rejected: 'type' }
  if (alg !== 'ES256' && alg !== 'RS256') return { rejected: 'algorithm' }
  if (typeof payload.jti !== 'string') return { rejected: 'malformed' }

  return {
    alg,
    key: isObject(jwk) ? readKey(alg, jwk as Record<string, unknown>) : undefined,
    challenge: payload.jti,
    signed: encodeUtf8(`${head}.${body}`),
    signature,
  }
}

/**
 * Verifies a proof with a key that is known, whatever key the proof brings. Undefined where it
 * holds. It rejects where this runtime cannot use the key: with a key of a session that is
 * no fault of the browser.
 */
export async function verifyProof(
  proof: Proof,
  key: DeviceKey,
): Promise<ProofRejection | undefined> {
  if (proof.alg !== key.alg) return 'algorithm'
  const isEc = key.alg === 'ES256'
  // Runtimes differ in whether they answer or throw for a signature of another length.
  if (isEc && proof.signature.length !== 64) return 'signature'

  const publicKey = await importKey(key)
  const algorithm = isEc ? { name: 'ECDSA', hash: 'SHA-256' } : { name: rsa }
  const holds = await crypto.subtle.verify(algorithm, publicKey, proof.signature, proof.signed)
  return holds ? undefined : 'signature'
}

const rsa = 'RSASSA-PKCS1-v1_5'

function importKey({ alg, first, second }: DeviceKey): Promise<CryptoKey> {
  const isEc = alg === 'ES256'
  return crypto.subtle.importKey(
    'jwk',
    isEc ? { kty: 'EC', crv: 'P-256', x: first, y: second } : { kty: 'RSA', n: first, e: second },
    isEc ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: rsa, hash: 'SHA-256' },
    false,
    ['verify'],
  )
}

/** Bytes of an RSA modulus: 2,048 (RFC 7518 section 3.3 asks for them) to 4,096 bits. */
const modulusBytes = { min: 256, max: 512 }

/** 65,537, the exponent of every security chip. With an exponent of 1 anybody could sign. */
const rsaExponent = 'AQAB'

/**
 * Only the members of a public key: nothing else that a client sends is kept. A key whose private
 * part came along is bound to nothing.
 */
function readKey(alg: DeviceAlgorithm, jwk: Record<string, unknown>): DeviceKey | undefined {
  const { kty, crv, x, y, n, e, d } = jwk
  if (d !== undefined) return undefined

  if (alg === 'ES256') {
    const fits = kty === 'EC' && crv === 'P-256' && isBytes(x, 32, 32) && isBytes(y, 32, 32)
    return fits ? { alg, first: x as string, second: y as string } : undefined
  }

  const fits =
    kty === 'RSA' && e === rsaExponent && isBytes(n, modulusBytes.min, modulusBytes.max, 0x80)
  return fits ? { alg, first: n as string, second: rsaExponent } : undefined
}

/**
 * Whether a value is base64url of so many bytes, of which the first is no smaller than `minFirstByte`: a
 * modulus that begins with zeros is shorter than it looks.
 */
function isBytes(value: unknown, min: number, max: number, minFirstByte = 0): boolean {
  const isShort = typeof value === 'string' && value.length <= modulusCharacters
  const bytes = isShort ? decodeBase64url(value) : undefined

  if (bytes === undefined || bytes.length < min || bytes.length > max) return false
  return (bytes[0] ?? 0) >= minFirstByte
}

const modulusCharacters = Math.ceil((modulusBytes.max * 4) / 3)

function parseJson(part: string): Record<string, unknown> | undefined {
  const bytes = decodeBase64url(part)
  if (bytes === undefined) return undefined
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes))
    return isObject(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
