/**
 * Parses and verifies what a device signed: a JWT in `Secure-Session-Response`.
 *
 * @see RFC 7515 section 5.2, RFC 7518 sections 3.3 and 3.4
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
  /** The key that the proof brings itself; only of use where a key is offered. */
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
 * holds.
 */
export async function verifyProof(
  proof: Proof,
  key: DeviceKey,
): Promise<ProofRejection | undefined> {
  if (proof.alg !== key.alg) return 'algorithm'
  const { first, second } = key
  const isEc = key.alg === 'ES256'
  try {
    const publicKey = await crypto.subtle.importKey(
      'jwk',
      isEc ? { kty: 'EC', crv: 'P-256', x: first, y: second } : { kty: 'RSA', n: first, e: second },
      isEc ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: rsa, hash: 'SHA-256' },
      false,
      ['verify'],
    )
    const how = isEc ? { name: 'ECDSA', hash: 'SHA-256' } : { name: rsa }
    const holds = await crypto.subtle.verify(how, publicKey, proof.signature, proof.signed)
    return holds ? undefined : 'signature'
  } catch {
    // A point that is not on the curve, or a modulus that a runtime does not take.
    return 'key'
  }
}

const rsa = 'RSASSA-PKCS1-v1_5'

/** RSA of 2,048 to 4,096 bits (RFC 7518 section 3.3 asks for 2,048), in characters of base64url. */
const modulusLength = { min: 342, max: 683 }

/** Only the members of a public key: nothing else that a client sends is kept. */
function readKey(alg: DeviceAlgorithm, jwk: Record<string, unknown>): DeviceKey | undefined {
  const { kty, crv, x, y, n, e } = jwk
  if (alg === 'ES256') {
    const fits = kty === 'EC' && crv === 'P-256' && isBase64url(x, 43, 43) && isBase64url(y, 43, 43)
    return fits ? { alg, first: x as string, second: y as string } : undefined
  }
  const fits =
    kty === 'RSA' && isBase64url(n, modulusLength.min, modulusLength.max) && isBase64url(e, 2, 6)
  return fits ? { alg, first: n as string, second: e as string } : undefined
}

function isBase64url(value: unknown, min: number, max: number): boolean {
  return (
    typeof value === 'string' &&
    value.length >= min &&
    value.length <= max &&
    decodeBase64url(value) !== undefined
  )
}

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
