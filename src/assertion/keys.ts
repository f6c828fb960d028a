/** The ES256 keys that sign assertions: judged, imported and published. */
import { decodeBase64url, encodeBase64url } from '../crypto/index.ts'
import type { Issues } from '../options/index.ts'

/** A private key as it was given, its members judged. */
interface PrivateJwk {
  readonly x: string
  readonly y: string
  readonly d: string
  readonly kid?: string
}

/** Keys ready for requests: the first of those given signs. */
export interface AssertionKeys {
  readonly signer: CryptoKey
  readonly kid: string
  /** The JWK Set as it is served (RFC 7517 section 5): public members only, of every key. */
  readonly jwks: string
}

/** P-256 coordinates and scalars are 32 bytes. */
const coordinate = 32
const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Judges one JWK or several, each as JSON, or one text that is a list of them. Notes what is wrong without quoting any of it. */
export function parseKeys(
  value: string | readonly string[],
  issues: Issues,
): readonly PrivateJwk[] {
  const texts = typeof value === 'string' ? splitTexts(value) : value
  if (!Array.isArray(texts) || texts.length === 0) {
    issues.add('', 'must be an ES256 private key as JSON, or a list of them')
    return []
  }
  return texts.flatMap((text, index) => {
    const key = parseJwk(text)
    const name = texts.length > 1 ? `${index}` : ''
    if (key === undefined)
      issues.add(
        name,
        'must be an ES256 private key: a JWK with kty EC, crv P-256, x, y and d, as JSON',
      )
    return key ?? []
  })
}

/**
 * Imports keys that were parsed. A scalar that does not belong to its point is noted as a fault, like any other wrong key.
 *
 * @see RFC 7638 for `kid` where a key has none
 */
export async function importKeys(
  parsed: readonly PrivateJwk[],
  issues: Issues,
): Promise<AssertionKeys | undefined> {
  const made = await Promise.all(
    parsed.map(async ({ x, y, d, kid }) => {
      const point = { kty: 'EC', crv: 'P-256', x, y } as const
      const signer = await crypto.subtle
        .importKey('jwk', { ...point, d }, curve, false, ['sign'])
        .catch(() => undefined)
      if (signer === undefined || !(await isKeyPair(signer, point))) return undefined
      return { signer, kid: kid ?? (await thumbprint(x, y)), point }
    }),
  )
  const keys = made.filter((key) => key !== undefined)
  const [first] = keys
  if (first === undefined || keys.length < parsed.length) {
    issues.add('', 'holds a key whose x, y and d do not belong together')
    return undefined
  }
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length)
    issues.add('', 'holds two keys of one kid')
  const jwks = { keys: keys.map(({ kid, point }) => ({ ...point, kid, use: 'sig', alg: 'ES256' })) }
  return { signer: first.signer, kid: first.kid, jwks: JSON.stringify(jwks) }
}

/** Deno does not compare d with x and y on import; what we publish must verify what we sign. */
async function isKeyPair(signer: CryptoKey, point: JsonWebKey): Promise<boolean> {
  const probe = new Uint8Array(1)
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  try {
    const verifier = await crypto.subtle.importKey('jwk', point, curve, false, ['verify'])
    return await crypto.subtle.verify(
      algorithm,
      verifier,
      await crypto.subtle.sign(algorithm, signer, probe),
      probe,
    )
  } catch {
    return false
  }
}

async function thumbprint(x: string, y: string): Promise<string> {
  const text = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`
  return encodeBase64url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))),
  )
}

/** A secret is one text: while keys are rotated it holds two of them. */
function splitTexts(text: string): readonly string[] {
  if (!text.trimStart().startsWith('[') || text.length > 65_536) return [text]
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.map((item) => JSON.stringify(item)) : [text]
  } catch {
    return [text]
  }
}

function parseJwk(text: unknown): PrivateJwk | undefined {
  if (typeof text !== 'string' || text.length > 4096) return undefined
  let jwk: Record<string, unknown>
  try {
    jwk = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof jwk !== 'object' || jwk === null || jwk.kty !== 'EC' || jwk.crv !== 'P-256')
    return undefined
  const { x, y, d, kid } = jwk
  if (!isCoordinate(x) || !isCoordinate(y) || !isCoordinate(d)) return undefined
  if (kid === undefined) return { x, y, d }
  return typeof kid === 'string' && /^[\w.-]{1,128}$/.test(kid) ? { x, y, d, kid } : undefined
}

function isCoordinate(text: unknown): text is string {
  return typeof text === 'string' && decodeBase64url(text)?.length === coordinate
}
