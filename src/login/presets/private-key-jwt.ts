/**
 * Proves the client to a provider by a signature of its key (`private_key_jwt`) instead of a
 * secret. Applications pass it as the option `auth` of a provider. An invalid key is reported as
 * an issue.
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
  /** The key. Its public half is registered at the provider. */
  readonly key: FromEnv<ClientKey, E>
  /** `aud` of the assertion. Default the issuer (RFC 7523bis); some want their token endpoint. */
  readonly audience?: 'issuer' | 'token_endpoint'
  /** SHA-256 of the certificate, base64url, for providers that know keys by certificates (Entra). */
  readonly certificateThumbprint?: string
}

/** Imported keys by their JWK; an environment hands out the same object each time. */
const imported = /* @__PURE__ */ new WeakMap<ClientKey, CryptoKey>()

/**
 * Proves the client by its private key in place of a secret, for the option `auth` of a provider.
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
    issues.add('', 'must be a private key as a JWK')
  }
  return value
}

async function importClientKey(jwk: ClientKey): Promise<CryptoKey> {
  const cachedKey = imported.get(jwk)
  if (cachedKey !== undefined) return cachedKey

  const key = await importKey(jwk, jwk.alg ?? 'ES256', 'sign')
  imported.set(jwk, key)
  return key
}
