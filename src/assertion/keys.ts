/**
 * Validates, imports and publishes the ES256 keys that sign assertions. The gateway's settings,
 * `proxy()` and the verifier call it with the keys of their options. An invalid key is reported as
 * an issue that quotes none of it.
 */
import { decodeBase64url, encodeBase64url } from '../crypto/index.ts'
import type { Issues } from '../options/index.ts'

/** A private key with valid members. */
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
  keyOption: string | readonly string[],
  issues: Issues,
): readonly PrivateJwk[] {
  const keyTexts = typeof keyOption === 'string' ? splitTexts(keyOption) : keyOption
  if (!Array.isArray(keyTexts) || keyTexts.length === 0) {
    issues.add('', 'must be an ES256 private key as JSON, or a list of them')
    return []
  }

  return keyTexts.flatMap((keyText, index) => {
    const parsedKey = parseJwk(keyText)
    const optionName = keyTexts.length > 1 ? `${index}` : ''
    if (parsedKey === undefined)
      issues.add(
        optionName,
        'must be an ES256 private key: a JWK with kty EC, crv P-256, x, y and d, as JSON',
      )

    return parsedKey ?? []
  })
}

/**
 * Imports keys that were parsed. A scalar that does not belong to its point is noted as a fault, like any other wrong key.
 *
 * @see RFC 7638 for `kid` where a key has none
 */
export async function importKeys(
  parsedKeys: readonly PrivateJwk[],
  issues: Issues,
): Promise<AssertionKeys | undefined> {
  const importedKeys = await Promise.all(
    parsedKeys.map(async ({ x, y, d, kid }) => {
      const publicPoint = { kty: 'EC', crv: 'P-256', x, y } as const
      const signer = await crypto.subtle
        .importKey('jwk', { ...publicPoint, d }, curve, false, ['sign'])
        .catch(() => undefined)
      if (signer === undefined || !(await isKeyPair(signer, publicPoint))) return undefined
      return { signer, kid: kid ?? (await thumbprint(x, y)), point: publicPoint }
    }),
  )

  const validKeys = importedKeys.filter((importedKey) => importedKey !== undefined)
  const [signingKey] = validKeys
  if (signingKey === undefined || validKeys.length < parsedKeys.length) {
    issues.add('', 'contains a key whose x, y and d do not match')
    return undefined
  }

  if (new Set(validKeys.map(({ kid }) => kid)).size < validKeys.length)
    issues.add('', 'contains two keys with the same kid')

  const jwkSet = {
    keys: validKeys.map(({ kid, point: publicJwk }) => ({
      ...publicJwk,
      kid,
      use: 'sig',
      alg: 'ES256',
    })),
  }

  return { signer: signingKey.signer, kid: signingKey.kid, jwks: JSON.stringify(jwkSet) }
}

/** Deno does not compare d with x and y on import; what we publish must verify what we sign. */
async function isKeyPair(privateKey: CryptoKey, publicJwk: JsonWebKey): Promise<boolean> {
  const probeBytes = new Uint8Array(1)
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  try {
    const verifier = await crypto.subtle.importKey('jwk', publicJwk, curve, false, ['verify'])
    return await crypto.subtle.verify(
      algorithm,
      verifier,
      await crypto.subtle.sign(algorithm, privateKey, probeBytes),
      probeBytes,
    )
  } catch {
    return false
  }
}

async function thumbprint(x: string, y: string): Promise<string> {
  const canonicalJwk = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`
  return encodeBase64url(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJwk))),
  )
}

/** A secret is one text: while keys are rotated it holds two of them. */
function splitTexts(keyText: string): readonly string[] {
  if (!keyText.trimStart().startsWith('[') || keyText.length > 65_536) return [keyText]
  try {
    const parsedList: unknown = JSON.parse(keyText)
    return Array.isArray(parsedList)
      ? parsedList.map((parsedItem) => JSON.stringify(parsedItem))
      : [keyText]
  } catch {
    return [keyText]
  }
}

function parseJwk(keyText: unknown): PrivateJwk | undefined {
  if (typeof keyText !== 'string' || keyText.length > 4096) return undefined
  let parsedJwk: Record<string, unknown>
  try {
    parsedJwk = JSON.parse(keyText)
  } catch {
    return undefined
  }

  if (
    typeof parsedJwk !== 'object' ||
    parsedJwk === null ||
    parsedJwk.kty !== 'EC' ||
    parsedJwk.crv !== 'P-256'
  )
    return undefined

  const { x, y, d, kid } = parsedJwk
  if (!isCoordinate(x) || !isCoordinate(y) || !isCoordinate(d)) return undefined
  if (kid === undefined) return { x, y, d }
  return typeof kid === 'string' && /^[\w.-]{1,128}$/.test(kid) ? { x, y, d, kid } : undefined
}

function isCoordinate(text: unknown): text is string {
  return typeof text === 'string' && decodeBase64url(text)?.length === coordinate
}
