/**
 * Defines the options of an identity provider and their validated form. Presets create them, and
 * `validate-provider.ts` validates them. Only two small helpers run here.
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
  /** As the provider writes it, byte for byte. https, or http to this machine. */
  readonly issuer: FromEnv<string, E>
  /** The identifier that the provider gave this application. */
  readonly clientId: FromEnv<string, E>
  /** One secret or two: the second is tried once where the provider refuses the first. */
  readonly clientSecret?: FromEnv<string | readonly string[], E>
  /** Default `client_secret_basic`. `privateKeyJwt({ key })` proves the client by a key in place of a secret. */
  readonly auth?: ClientAuthMethod | ClientAuthenticator
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
  /** The label on the page of providers. Default its name. */
  readonly label?: string
  /** Whether the answer must name its issuer (RFC 9207). Default: where the provider promises it. */
  readonly issuerInResponse?: 'promised' | 'required'
  /** Whether a logout token must have the type `logout+jwt`. Default `any`. */
  readonly logoutTokenType?: 'any' | 'required'
  /** Where its metadata is. Default below the issuer (Discovery section 4). */
  readonly metadataUrl?: string
  /** Whether a person may sign in here at all: `(claims) => claims.hd === 'acme.example'`. Default everybody. */
  readonly accept?: (claims: Claims) => boolean
  /** Reads the identifier of a person, where that is not `sub`. It must never change or pass to another person. */
  readonly subject?: (claims: Claims) => string
  /** Converts the provider's claims to those that `identify` reads. Default nothing. */
  readonly mapClaims?: (claims: Claims, client: { readonly clientId: string }) => Claims
  /** Where a logout goes on, for a provider with a logout page of its own shape. */
  readonly logoutUrl?: (logout: ProviderLogout) => string
  /** Replaces OpenID Connect at a provider that has none; see `github`. */
  readonly oauth?: OAuthProvider
}

/** Parts of a logout at a provider. */
export interface ProviderLogout {
  /** The identifier of this application. */
  readonly clientId: string
  /** Where the person comes back to; registered at the provider. */
  readonly returnTo: string
  /** The id token of the login, where it is known. */
  readonly idToken?: string
}

/** How a client proves itself by something else than a secret. Made by `privateKeyJwt`. */
export interface ClientAuthenticator {
  /** Not part of the public API. */
  compile(issues: Issues): (env: unknown) => ClientProof
}

/** Makes the proof for one request of a client. */
export type ClientProof = (client: {
  readonly clientId: string
  readonly metadata: Metadata
  readonly clock: Clock
}) => Promise<ClientAuth>

/** A provider that speaks OAuth 2.0 and not OpenID Connect: no metadata, no id token, no keys. */
export interface OAuthProvider {
  /** Endpoints that a provider with OpenID Connect would publish. */
  readonly metadata: Pick<Metadata, 'issuer' | 'authorization_endpoint' | 'token_endpoint'>
  /** Reads who the access token is for. `sub` must be a text that never changes. */
  readonly readClaims: (request: OAuthRequest) => Promise<Claims>
  /** Revokes an access token. Default nothing. */
  readonly revoke?: (request: OAuthRequest) => Promise<unknown>
  /** Makes an OAuth error of what the token endpoint answers in its own way. */
  readonly repairTokenResponse?: (response: Response) => Promise<Response>
}

/** A request to a provider without OpenID Connect. */
export interface OAuthRequest {
  /** The access token of the person. */
  readonly accessToken: string
  /** The identifier of this application. */
  readonly clientId: string
  /** Its first secret. */
  readonly clientSecret: string
  /** Sends a request within the deadline and bounds of a login. Rejects where there is no answer. */
  readonly send: (url: string, init?: RequestInit) => Promise<Response>
}

/** A provider as one environment has it. */
export interface Provider {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly secrets: readonly string[]
  readonly auth: ClientAuthMethod
  /** In place of `auth`. */
  readonly proof: ClientProof | undefined
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
