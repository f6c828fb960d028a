/**
 * Options of Sign in with Apple as a provider. Applications pass the result to `providers`.
 * Nothing is sent here; invalid options are a `ConfigError` of the login.
 */
import { importPKCS8, SignJWT } from 'jose'
import { ClientSecretPost } from 'oauth4webapi'
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv, ProjectEnv } from '../../types.ts'
import type { ClientAuthenticator, ProviderOptions } from '../providers/provider-options.ts'
import { type PresetOptions, withoutUndefined } from './preset.ts'

/** Options of {@link apple}. */
export interface AppleOptions<E = ProjectEnv>
  extends Omit<PresetOptions<E>, 'clientSecret' | 'auth' | 'userinfo'> {
  /** The identifier of the team, ten characters. */
  readonly teamId: string
  /** The identifier of the key, ten characters. */
  readonly keyId: string
  /** The text of the key's file, `AuthKey_….p8`. */
  readonly key: FromEnv<string, E>
}

const issuer = 'https://appleid.apple.com'
/** Seconds that a secret lives; Apple takes up to six months. */
const secretLife = 300

/**
 * Signs people in with Apple. The client secret is made of the key for each request. Apple posts its
 * answers, has no userinfo endpoint and no logout page, and says a person's name only once, unsigned, in
 * that form: it is not read.
 *
 * @see https://developer.apple.com/documentation/signinwithapplerestapi
 * @example
 * login({ session, providers: { apple: apple({ clientId, teamId, keyId, key: (c) => c.env.APPLE_KEY }) } })
 */
export function apple<E = ProjectEnv>(options: AppleOptions<E>): ProviderOptions<E> {
  const { teamId, keyId, key, ...rest } = options
  return withoutUndefined({
    label: 'Apple',
    // A request for name or e-mail must have the response posted.
    scope: 'openid name email',
    ...rest,
    issuer,
    responseMode: 'form_post',
    auth: createSecret(teamId, keyId, key as FromEnv<string>),
  }) as ProviderOptions<E>
}

/** @see https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret */
function createSecret(teamId: string, keyId: string, pem: FromEnv<string>): ClientAuthenticator {
  const imported = new Map<string, CryptoKey>()

  async function importKey(text: string): Promise<CryptoKey> {
    const cachedKey = imported.get(text)
    if (cachedKey !== undefined) return cachedKey
    const key = await importPKCS8(text, 'ES256')
    imported.clear()
    imported.set(text, key)
    return key
  }

  return {
    compile(issues) {
      const readPem = resolveFrom(issues, 'key', pem, validatePem)
      return (env) =>
        async ({ clientId, clock }) => {
          const now = Math.floor(clock() / 1000)
          const secret = await new SignJWT()
            .setProtectedHeader({ alg: 'ES256', kid: keyId })
            .setIssuer(teamId)
            .setSubject(clientId)
            .setAudience(issuer)
            .setIssuedAt(now)
            .setExpirationTime(now + secretLife)
            .sign(await importKey(readPem(env)))
          return ClientSecretPost(secret)
        }
    },
  }
}

function validatePem(text: string, issues: Issues): string {
  if (typeof text !== 'string' || !text.includes('-----BEGIN PRIVATE KEY-----')) {
    issues.add('', 'must be the content of the .p8 file from Apple')
  }
  return text
}
