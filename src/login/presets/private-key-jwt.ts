/**
 * Authenticates the client at a provider with a signed JWT (`private_key_jwt`) instead of a secret.
 * Applications pass `privateKeyJwt()` as the option `auth` of a provider; the login compiles it
 * while it is built, and `protocol/client-auth.ts` calls the result for each token request.
 *
 * A value that is not a private JWK is an issue, at the latest `ERR_CONFIG` at the first request
 * where it comes from the environment. A JWK that cannot be imported, such as one of another
 * algorithm than its `alg`, rejects with the platform's error at the first login.
 */
import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import { importKey } from '../providers/import-key.ts'
import type { ClientAuthenticator } from '../providers/provider-options.ts'

/** A private key of the client as a JWK: ES256, PS256, RS256 or Ed25519. */
export type ClientKey = JsonWebKey & { readonly kid?: string; readonly alg?: string }

/** Options of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions<E = ProjectEnv> {
  /** The private key. Register its public key at the provider. */
  readonly key: FromEnv<ClientKey, E>
  /** `aud` of the JWT. Default the issuer (RFC 7523bis); some providers require their token endpoint. */
  readonly audience?: 'issuer' | 'token_endpoint'
  /** SHA-256 of the certificate as base64url, for providers that identify keys by certificates (Entra). */
  readonly certificateThumbprint?: string
}

/** Caches imported keys by their JWK object. An environment that returns a new object each time is never cached. */
const importedKeys = /* @__PURE__ */ new WeakMap<ClientKey, CryptoKey>()

/**
 * Authenticates the client with its private key instead of a secret, for the option `auth` of a provider.
 *
 * @see RFC 7523 section 2.2, OpenID Connect Core section 9
 * @example
 * const acme = { issuer, clientId, auth: privateKeyJwt({ key: (c) => c.env.ACME_KEY }) }
 */
export function privateKeyJwt<E = ProjectEnv>(
  options: PrivateKeyJwtOptions<E>,
): ClientAuthenticator {
  const { audience = 'issuer', certificateThumbprint } = options
  return {
    compile(issues) {
      if (audience !== 'issuer' && audience !== 'token_endpoint') {
        issues.add('audience', 'must be issuer or token_endpoint')
      }
      const readKey = resolveFrom(issues, 'key', options.key as FromEnv<ClientKey>, validateKey)
      return (env) =>
        async ({ metadata }) => {
          const jwk = readKey(env)
          const key = await importClientKey(jwk)
          return PrivateKeyJwt(jwk.kid === undefined ? key : { key, kid: jwk.kid }, {
            [modifyAssertion](header, payload) {
              if (audience === 'token_endpoint') payload.aud = metadata.token_endpoint
              if (certificateThumbprint !== undefined) header['x5t#S256'] = certificateThumbprint
            },
          })
        }
    },
  }
}

function validateKey(value: ClientKey, issues: Issues): ClientKey {
  if (typeof value !== 'object' || value === null || typeof value.d !== 'string') {
    issues.add('', 'must be a private key as a JWK object, with the member d')
  }
  return value
}

async function importClientKey(jwk: ClientKey): Promise<CryptoKey> {
  const cachedKey = importedKeys.get(jwk)
  if (cachedKey !== undefined) return cachedKey

  const key = await importKey(jwk, jwk.alg ?? 'ES256', 'sign')
  importedKeys.set(jwk, key)
  return key
}
