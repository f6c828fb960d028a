/**
 * Defines the options of an identity provider, as presets and applications write them, and the form
 * they have after validation. `validate-provider.ts` validates them; the flow, the protocol and the
 * edges read the validated form. Only `isAllowedUrl` runs here; it returns false for anything that is
 * not an allowed URL.
 */
import type { ClientAuth } from 'oauth4webapi'
import type { Issues } from '../../options/index.ts'
import type { Clock, FromEnv, ProjectEnv } from '../../types.ts'
import type { Claims, Metadata } from '../types.ts'

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

/** How the client authenticates at the token endpoint. */
export type ClientAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'none'

/** An OpenID Connect provider. Absent = default. */
export interface ProviderOptions<E = ProjectEnv> {
  /** The issuer exactly as the provider writes it, byte for byte. It must be https, or http on this machine. */
  readonly issuer: FromEnv<string, E>
  /** The identifier that the provider gave this application. */
  readonly clientId: FromEnv<string, E>
  /** One or two secrets. The second is tried if the provider rejects the first. */
  readonly clientSecret?: FromEnv<string | readonly string[], E>
  /** Default `client_secret_basic`. `privateKeyJwt({ key })` authenticates with a private key instead of a secret. */
  readonly auth?: ClientAuthMethod | ClientAuthenticator
  /** Default `openid profile email`. `openid` is added where it is missing. */
  readonly scope?: string
  /**
   * Sends the login's parameters directly to the provider (PAR, RFC 9126). Default: only if the provider requires it.
   */
  readonly par?: boolean
  /** Also reads the userinfo endpoint. Default false. */
  readonly userinfo?: boolean
  /** Fixed extra parameters of the authorization request. Parameters of the protocol are rejected. */
  readonly params?: Readonly<Record<string, string>>
  /** `prompt` of every login. Default none. */
  readonly prompt?: 'login' | 'consent' | 'select_account'
  /** Most seconds since the person authenticated at the provider, for every login. Default: no limit. */
  readonly maxAge?: number
  /** Accepted authentication contexts (`acr`) of every login, the preferred one first. Default: every context. */
  readonly acr?: readonly string[]
  /** `form_post` for providers that post some responses, such as Apple. Default `query`. */
  readonly responseMode?: 'query' | 'form_post'
  /** The API that the access token is for (RFC 8707). It excludes `userinfo: true`. Default none. */
  readonly resource?: string
  /** Ids of the tenants whose people may sign in, for an issuer with `{tenantid}` in it (Entra). */
  readonly tenants?: readonly string[]
  /** Accepted algorithms of signatures. Default every asymmetric one. */
  readonly algorithms?: readonly (typeof signatureAlgorithms)[number][]
  /** The text of its link on the page that lists the providers. Default its name. */
  readonly label?: string
  /** Whether the response must contain `iss` (RFC 9207). Default `promised`: if the provider's metadata promises it. */
  readonly issuerInResponse?: 'promised' | 'required'
  /** Whether a logout token must have the type `logout+jwt`. Default `any`. */
  readonly logoutTokenType?: 'any' | 'required'
  /** URL of the metadata. Default `<issuer>/.well-known/openid-configuration` (Discovery section 4). */
  readonly metadataUrl?: string
  /** Decides whether a person may sign in: `(claims) => claims.hd === 'acme.example'`. Default everybody. */
  readonly accept?: (claims: Claims) => boolean
  /** Reads the identifier of a person if it is not `sub`. It must never change or be reused for another person. */
  readonly subject?: (claims: Claims) => string
  /** Converts the provider's claims to those that `identify` reads. Default: they are unchanged. */
  readonly mapClaims?: (claims: Claims, client: { readonly clientId: string }) => Claims
  /** Creates the URL of the logout page, for a provider without the standard `end_session_endpoint`. */
  readonly logoutUrl?: (logout: ProviderLogout) => string
  /** Replaces OpenID Connect at a provider that has none; see `github`. */
  readonly oauth?: OAuthProvider
}

/** The argument of `logoutUrl`. */
export interface ProviderLogout {
  /** The identifier of this application. */
  readonly clientId: string
  /** The URL to which the provider sends the browser back. It must be registered at the provider. */
  readonly returnTo: string
  /** The id token of the login, if it is known. */
  readonly idToken?: string
}

/** Authenticates the client by something else than a stored secret: the result of `privateKeyJwt()`. */
export interface ClientAuthenticator {
  /** Not part of the public API. */
  compile(issues: Issues): (env: unknown) => ClientProof
}

/** Creates the authentication of the client for one request. */
export type ClientProof = (client: {
  readonly clientId: string
  readonly metadata: Metadata
  readonly clock: Clock
}) => Promise<ClientAuth>

/** A provider that speaks OAuth 2.0 and not OpenID Connect: no metadata, no id token, no keys. */
export interface OAuthProvider {
  /** The endpoints, which a provider with OpenID Connect would publish. */
  readonly metadata: Pick<Metadata, 'issuer' | 'authorization_endpoint' | 'token_endpoint'>
  /** Reads the claims of the person of an access token. `sub` must be a string that never changes. */
  readonly readClaims: (request: OAuthRequest) => Promise<Claims>
  /** Revokes an access token. Default: it is not revoked. */
  readonly revoke?: (request: OAuthRequest) => Promise<unknown>
  /** Converts an error of the token endpoint that is not in the form of OAuth. */
  readonly repairTokenResponse?: (response: Response) => Promise<Response>
}

/** A request to a provider without OpenID Connect. */
export interface OAuthRequest {
  /** The access token of the person. */
  readonly accessToken: string
  /** The identifier of this application. */
  readonly clientId: string
  /** The first secret of this application. */
  readonly clientSecret: string
  /** Sends a request with the deadline and size limit of a login. @throws {LoginError} where no valid response comes */
  readonly send: (url: string, init?: RequestInit) => Promise<Response>
}

/** The validated options of a provider, with the values of one environment. */
export interface Provider {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly secrets: readonly string[]
  readonly auth: ClientAuthMethod
  /** Replaces `auth` where it is set. */
  readonly proof: ClientProof | undefined
  readonly options: ProviderOptions<never>
  readonly scope: string
  readonly algorithms: readonly string[]
}

/** Host names of this machine, in the canonical form of `URL.hostname`. */
const loopbackHost = /^(?:(?:[\w-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Whether requests may be sent to a URL: https, or http on this machine, without credentials in it. */
export function isAllowedUrl(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false
  const { protocol, username, password, hostname } = new URL(url)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && loopbackHost.test(hostname))
}
