/**
 * Parses a signed token (compact JWS) and verifies its signature with the provider's keys. Bearer
 * tokens, edges, back-channel logout and `protocol.ts` (id tokens) call it.
 *
 * It throws a `LoginError`: the reason `bad` of the caller for a token that is over 64 kB, malformed
 * or of another algorithm, `key-unknown` where the provider has no such key, `id-token-signature` for a wrong
 * signature, and `provider-unreachable` or `provider-malformed` where the keys cannot be fetched. It checks no claims:
 * `token-claims.ts` does. `readSignedToken` alone verifies nothing.
 */
import { compactVerify } from 'jose'
import { decodeBase64url } from '../../crypto/index.ts'
import type { Connection } from '../providers/connection.ts'
import { type Claims, isObject, LoginError, type LoginReason } from '../types.ts'

const longestToken = 65_536
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true })

/** The members of a token's header that are used. */
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

/** Options of the verification. */
export interface VerifyOptions {
  readonly algorithms: readonly string[]
  /** The reason of the error for a token that is malformed or has an algorithm that is not accepted. */
  readonly bad: LoginReason
  /** Whether the tokens of one provider have several issuers, one for each tenant. */
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
  const parsed = readSignedToken(token, bad)
  const { alg, kid } = parsed.header
  if (!algorithms.includes(alg)) throw new LoginError(bad, 'alg')

  const issuer = isTenanted ? { issuer: `${parsed.claims.iss}` } : {}
  const header = { alg, ...(kid !== undefined && { kid }), ...issuer }
  const keys = await connection.findKeys(header, waitUntil)
  if (keys.length === 0) throw new LoginError('key-unknown')
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [alg] })
      return parsed
    } catch {
      // Another key may have signed the token: a token without `kid` fits several keys.
    }
  }
  throw new LoginError('id-token-signature')
}

/** Parses a compact JWS without verifying it. @throws {LoginError} `bad` */
export function readSignedToken(token: string, bad: LoginReason): SignedToken {
  const parts = token.length > longestToken ? [] : token.split('.')
  const [encodedHeader, encodedBody, signature] = parts
  if (parts.length !== 3 || !encodedHeader || !encodedBody || !signature) {
    throw new LoginError(bad, 'shape')
  }

  const header = readObject(encodedHeader, bad)
  const { alg, kid, typ } = header
  if (typeof alg !== 'string') throw new LoginError(bad, 'alg')
  // RFC 7515 section 4.1.11: an extension that is not understood must not be ignored.
  if ('crit' in header || 'b64' in header) throw new LoginError(bad, 'crit')
  if (kid !== undefined && typeof kid !== 'string') throw new LoginError(bad, 'kid')
  if (typ !== undefined && typeof typ !== 'string') throw new LoginError(bad, 'typ')
  return {
    header: { alg, ...(kid !== undefined && { kid }), ...(typ !== undefined && { typ }) },
    claims: readObject(encodedBody, bad),
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

/**
 * Parses JSON; undefined for other text, and for a member `__proto__`, which a copy could turn into a prototype
 * (CWE-1321).
 */
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
