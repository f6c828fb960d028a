/**
 * Reads a signed token and verifies its signature by the provider's keys. Bearer tokens, edges,
 * logout tokens and id tokens pass through it. It throws a `LoginError` with the caller's reason,
 * or `key-unknown` and `provider-unreachable`.
 */
import { compactVerify } from 'jose'
import { decodeBase64url } from '../../crypto/index.ts'
import type { Connection } from '../providers/connection.ts'
import { type Claims, isObject, LoginError, type LoginReason } from '../types.ts'

const longestToken = 65_536
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

/** A header as far as it decides something. */
export interface TokenHeader {
  readonly alg: string
  readonly kid?: string
  readonly typ?: string
}

/** A token whose signature was verified. */
export interface SignedToken {
  readonly header: TokenHeader
  readonly claims: Claims
}

/** How a token is verified. */
export interface VerifyOptions {
  readonly algorithms: readonly string[]
  /** The reason of everything but a bad signature. */
  readonly bad: LoginReason
  /** Whether tokens of one provider have several issuers. */
  readonly isTenanted?: boolean
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/**
 * Verifies the signature of a token by the provider's keys.
 *
 * @throws {LoginError} `bad`, `key-unknown`, `id-token-signature`, `provider-unreachable`
 */
export async function verifySignedToken(
  token: string,
  connection: Connection,
  { algorithms, bad, isTenanted, waitUntil }: VerifyOptions,
): Promise<SignedToken> {
  const read = readSignedToken(token, bad)
  const { alg, kid } = read.header
  if (!algorithms.includes(alg)) throw new LoginError(bad, 'alg')

  const issuer = isTenanted ? { issuer: `${read.claims.iss}` } : {}
  const header = { alg, ...(kid !== undefined && { kid }), ...issuer }
  const keys = await connection.findKeys(header, waitUntil)
  if (keys.length === 0) throw new LoginError('key-unknown')
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [alg] })
      return read
    } catch {
      // The next key may fit: a token without `kid` may be by any of them.
    }
  }
  throw new LoginError('id-token-signature')
}

/** Reads a compact JWS without trusting it. @throws {LoginError} `bad` */
export function readSignedToken(token: string, bad: LoginReason): SignedToken {
  const parts = token.length > longestToken ? [] : token.split('.')
  const [head, body, signature] = parts
  if (parts.length !== 3 || !head || !body || !signature) throw new LoginError(bad, 'shape')

  const header = readObject(head, bad)
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') throw new LoginError(bad, 'alg')
  // RFC 7515 section 4.1.11: an extension that is not understood must not be ignored.
  if ('crit' in header || 'b64' in header) throw new LoginError(bad, 'crit')
  if (kid !== undefined && typeof kid !== 'string') throw new LoginError(bad, 'kid')
  if (typ !== undefined && typeof typ !== 'string') throw new LoginError(bad, 'typ')
  return {
    header: { alg, ...(kid !== undefined && { kid }), ...(typ !== undefined && { typ }) },
    claims: readObject(body, bad),
  }
}

function readObject(part: string, bad: LoginReason): Record<string, unknown> {
  const bytes = decodeBase64url(part)
  if (bytes === undefined) throw new LoginError(bad, 'base64url')

  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    throw new LoginError(bad, 'utf-8')
  }
  const value = parseJson(text)
  if (isObject(value)) return value
  throw new LoginError(bad, 'json')
}

/** JSON without a member that a copy could make a prototype of (CWE-1321); undefined for other text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (name, value) => {
      if (name === '__proto__') throw new SyntaxError(name)
      return value
    })
  } catch {
    return undefined
  }
}
