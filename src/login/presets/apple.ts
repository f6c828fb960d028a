/**
 * Creates the provider options of Sign in with Apple. Applications call `apple()` and pass the
 * result to the option `providers` of a login, which validates it and reports wrong options as
 * `ERR_CONFIG`. Each token request calls the authenticator in it, which signs a client secret that
 * lives 5 minutes.
 *
 * A key that does not look like a `.p8` file is an issue. One that looks right and cannot be
 * imported rejects with the platform's error at the first login, which the caller does not catch.
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
 * Signs people in with Apple. A client secret is signed with the key for each request. Apple posts its responses, and
 * has no userinfo endpoint and no logout page. It sends a person's name only once, unsigned, in the posted form: the
 * name is not read.
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

/**
 * Creates the authenticator that signs client secrets. It caches the last imported key.
 *
 * @see https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
 */
function createSecret(teamId: string, keyId: string, pem: FromEnv<string>): ClientAuthenticator {
  const importedKeys = new Map<string, CryptoKey>()

  async function importKey(text: string): Promise<CryptoKey> {
    const cachedKey = importedKeys.get(text)
    if (cachedKey !== undefined) return cachedKey
    const key = await importPKCS8(text, 'ES256')
    importedKeys.clear()
    importedKeys.set(text, key)
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
