/**
 * Parses and imports the ES256 keys that sign assertions, and writes the set of their public halves that verifiers
 * fetch. The settings of the gateway, the options of `proxy()`, the verifier (its option `key`, for a gateway in the same
 * deployment) and the test origin of `portcullis/testing` parse private keys with it; `sign.ts` and forwarding use the
 * type of the keys. An invalid key is reported as an issue that quotes nothing of the key, and the result
 * must not be used then. Keys over 4,096 characters are invalid.
 */
import { decodeBase64url, encodeBase64url } from '../crypto/index.ts'
import type { Issues } from '../options/index.ts'

/** The members of a private key, whose form has been validated. */
interface PrivateJwk {
  readonly x: string
  readonly y: string
  readonly d: string
  readonly kid?: string
}

/** Imported keys. The first of the given keys signs, and all of them are published. */
export interface AssertionKeys {
  readonly signer: CryptoKey
  readonly kid: string
  /** The JWK Set as it is served (RFC 7517 section 5): public members only, of every key. */
  readonly jwks: string
}

/** Bytes of a coordinate and of a scalar of P-256. */
const coordinateBytes = 32
const curve = { name: 'ECDSA', namedCurve: 'P-256' } as const

/**
 * Parses a list of JWKs, each as JSON text, or one JSON text with a JWK or a list of them. Issues quote nothing of a
 * key.
 */
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
 * Imports parsed keys. A private scalar (`d`) that does not belong to its point (`x`, `y`) is reported as an issue.
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

/**
 * Whether the public key verifies a signature of the private key. It is tested, since Deno does not compare them on
 * import.
 */
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

/**
 * Splits a JSON list of keys into texts: a secret of the environment is one text, and holds two keys during a rotation.
 */
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
  return typeof text === 'string' && decodeBase64url(text)?.length === coordinateBytes
}
