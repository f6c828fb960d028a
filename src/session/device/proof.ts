/**
 * Parses and verifies the proof that a device signed: a JWT in the header `Secure-Session-Response` (RFC 7515
 * section 5.2, RFC 7518 sections 3.3 and 3.4). `register.ts` and `refresh.ts` call it.
 *
 * A proof that is malformed, over 8192 characters, of another algorithm, or wrongly signed gives its
 * reason. `verifyProof` rejects only where this runtime cannot import or use the key, with the platform's
 * error, which the caller must catch.
 */
import { decodeBase64url } from '../../crypto/base64url.ts'
import { decodeUtf8, encodeUtf8 } from '../../crypto/text.ts'
import { isObject } from '../../options/is-object.ts'
import type { DeviceAlgorithm, DeviceKey } from './binding.ts'

/** The reason why a proof is rejected. */
export type ProofRejection = 'malformed' | 'type' | 'algorithm' | 'key' | 'signature'

/** A parsed proof. None of it may be trusted before {@link verifyProof} accepts it. */
export interface Proof {
  readonly alg: DeviceAlgorithm
  /** The key in the proof's own header, which only a registration uses. */
  readonly key: DeviceKey | undefined
  /** The challenge that was signed: `jti`. */
  readonly challenge: string
  readonly signed: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

/** Most characters of a proof. A 4,096 bit RSA key and its signature take about 1,500. */
const maxLength = 8192

/** Parses a proof without verifying it. */
export function parseProof(
  token: string | undefined,
): Proof | { readonly rejected: ProofRejection } {
  const parts = (token ?? '').length > maxLength ? [] : (token ?? '').split('.')
  const [encodedHeader = '', encodedBody = '', encodedSignature = ''] = parts
  const header = parts.length === 3 ? parseJson(encodedHeader) : undefined
  const payload = parseJson(encodedBody)
  const signature = decodeBase64url(encodedSignature)
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
    signed: encodeUtf8(`${encodedHeader}.${encodedBody}`),
    signature,
  }
}

/**
 * Verifies a proof with a known key, and ignores the key inside the proof. Returns undefined if the
 * proof is valid, otherwise the reason. It rejects if this runtime cannot use the key; for the key
 * of a session that is not the browser's fault.
 */
export async function verifyProof(
  proof: Proof,
  key: DeviceKey,
): Promise<ProofRejection | undefined> {
  if (proof.alg !== key.alg) return 'algorithm'
  const isEc = key.alg === 'ES256'
  // Some runtimes return false for a signature of another length, others throw.
  if (isEc && proof.signature.length !== 64) return 'signature'

  const publicKey = await importKey(key)
  const algorithm = isEc ? { name: 'ECDSA', hash: 'SHA-256' } : { name: rsa }
  const isValid = await crypto.subtle.verify(algorithm, publicKey, proof.signature, proof.signed)
  return isValid ? undefined : 'signature'
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

/** Accepted bytes of an RSA modulus: 2,048 bits (required by RFC 7518 section 3.3) to 4,096 bits. */
const modulusBytes = { min: 256, max: 512 }

/** 65,537, the only accepted exponent, which all security chips use. With an exponent of 1 anybody could sign. */
const rsaExponent = 'AQAB'

/**
 * Reads the members of a public key; nothing else that the client sent is stored. A key that was
 * sent with its private part is rejected, since it is not in a security chip.
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
 * Whether a value is base64url of `min` to `max` bytes whose first byte is at least `minFirstByte`. A modulus
 * that begins with zeros would be shorter than its length suggests.
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
