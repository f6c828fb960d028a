/** Options of an identity provider, and what becomes of them. */
import type { FromEnv, ProjectEnv } from '../../types.ts'

/** Signature algorithms that are accepted by default: every asymmetric one, never `none` or HMAC. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

/** A private key of the client as a JWK: ES256, PS256, RS256 or Ed25519. */
export type ClientKey = JsonWebKey & { readonly kid?: string; readonly alg?: string }

/** How the client authenticates at the token endpoint. */
export type ClientAuthMethod =
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'private_key_jwt'
  | 'none'

/** An OpenID Connect provider. Absent = default. */
export interface ProviderOptions<E = ProjectEnv> {
  /** As the provider writes it, byte for byte. https, or http to this machine. */
  readonly issuer: FromEnv<string, E>
  /** The identifier that the provider gave this application. */
  readonly clientId: FromEnv<string, E>
  /** One secret or two: the second is tried once where the provider refuses the first. */
  readonly clientSecret?: FromEnv<string | readonly string[], E>
  /** A private key in place of a secret. */
  readonly clientKey?: FromEnv<ClientKey, E>
  /** Default `client_secret_basic`, or `private_key_jwt` where there is a `clientKey`. */
  readonly auth?: ClientAuthMethod
  /** `aud` of the client assertion. Default the issuer (RFC 7523bis); some want their token endpoint. */
  readonly assertionAudience?: 'issuer' | 'token_endpoint'
  /** Default `openid profile email`. `openid` is added where it is missing. */
  readonly scope?: string
  /** Sends the parameters by the back channel (RFC 9126). Default: where the provider demands it. */
  readonly par?: boolean
  /** Also reads the userinfo endpoint. Default false. */
  readonly userinfo?: boolean
  /** Fixed extra parameters of the authorization request. None of the protocol's own. */
  readonly params?: Readonly<Record<string, string>>
  /** `prompt` of every login. Default none. */
  readonly prompt?: 'login' | 'consent' | 'select_account'
  /** Seconds since the person authenticated at the provider, of every login. Default any. */
  readonly maxAge?: number
  /** Accepted authentication contexts of every login, best first. Default any. */
  readonly acr?: readonly string[]
  /** `form_post` for providers that send some answers only that way. Default `query`. */
  readonly responseMode?: 'query' | 'form_post'
  /** The API that the access token is for (RFC 8707). Not together with `userinfo`. Default none. */
  readonly resource?: string
  /** Tenants to admit, for an issuer with `{tenantid}` in it (Entra). */
  readonly tenants?: readonly string[]
  /** Accepted algorithms of signatures. Default every asymmetric one. */
  readonly algorithms?: readonly (typeof signatureAlgorithms)[number][]
  /** What the page of providers calls it. Default its name. */
  readonly label?: string
  /** Whether the answer must name its issuer (RFC 9207). Default: where the provider promises it. */
  readonly issuerInResponse?: 'promised' | 'required'
  /** Whether a logout token must have the type `logout+jwt`. Default `any`. */
  readonly logoutTokenType?: 'any' | 'required'
}

/** A provider as one environment has it. */
export interface Provider {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly secrets: readonly string[]
  readonly clientKey: ClientKey | undefined
  readonly auth: ClientAuthMethod
  readonly options: ProviderOptions<never>
  readonly scope: string
  readonly algorithms: readonly string[]
}

/** This machine, as `URL.hostname` writes it: names and addresses are canonical there. */
const loopbackHost = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whether requests may go there: https, or http to this machine, without credentials. */
export function isAllowedUrl(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, username, password, hostname } = new URL(url)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && loopbackHost.test(hostname))
}
