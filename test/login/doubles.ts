/**
 * Providers that answer as the real ones do: their metadata, the claims of their id tokens, and what is
 * awkward about them. Each cites the page of the provider's own documentation that it follows.
 */
import { compactVerify, exportPKCS8, exportSPKI, generateKeyPair, importSPKI } from 'jose'
import type { ProviderOptions } from '../../src/login/index.ts'
import * as presets from '../../src/login/index.ts'
import { noon } from '../session/support.ts'
import { type Json, TestProvider } from './provider.ts'
import { sharedKey } from './support.ts'

/** A provider, and the options of a login at it. */
export interface Double {
  readonly provider: TestProvider
  readonly options: ProviderOptions
}

const client = { clientId: 'client', clientSecret: 'a secret' }

async function createProvider(issuer: string, metadata: Json, claims: Json): Promise<TestProvider> {
  const provider = new TestProvider(await sharedKey('RS256'), { now: noon }, issuer)
  // What the double of the tests publishes and this one does not.
  provider.metadata = {
    authorization_response_iss_parameter_supported: undefined,
    end_session_endpoint: undefined,
    revocation_endpoint: undefined,
    userinfo_endpoint: undefined,
    id_token_signing_alg_values_supported: ['RS256'],
    ...metadata,
  }
  provider.claims = { sid: undefined, auth_time: undefined, ...claims }
  return provider
}

/** @see https://developers.google.com/identity/openid-connect/reference */
export async function googleDouble(options: Partial<presets.GoogleOptions> = {}): Promise<Double> {
  const provider = await createProvider(
    'https://accounts.google.com',
    {
      authorization_endpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      token_endpoint: 'https://oauth2.googleapis.com/token',
      userinfo_endpoint: 'https://openidconnect.googleapis.com/v1/userinfo',
      revocation_endpoint: 'https://oauth2.googleapis.com/revoke',
      jwks_uri: 'https://www.googleapis.com/oauth2/v3/certs',
      code_challenge_methods_supported: ['plain', 'S256'],
    },
    {
      azp: 'client',
      sub: '110169484474386276334',
      email: 'ada@acme.example',
      email_verified: true,
      hd: 'acme.example',
      name: 'Ada',
    },
  )
  return { provider, options: presets.google({ ...client, ...options }) }
}

export const tenant = '11111111-2222-3333-4444-555555555555'
export const otherTenant = '99999999-2222-3333-4444-555555555555'
export const objectId = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee'

/**
 * One tenant with a `tenant`, several with `tenants`, where the metadata names a template.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
 */
export async function entraDouble(options: Partial<presets.EntraOptions> = {}): Promise<Double> {
  const several = options.tenants !== undefined
  const authority = `https://login.microsoftonline.com/${several ? 'organizations' : tenant}`
  const issuer = several
    ? 'https://login.microsoftonline.com/{tenantid}/v2.0'
    : `https://login.microsoftonline.com/${tenant}/v2.0`
  const provider = await createProvider(
    issuer,
    {
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      userinfo_endpoint: 'https://graph.microsoft.com/oidc/userinfo',
      end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
    },
    {
      iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
      sub: 'AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ',
      tid: tenant,
      oid: objectId,
      preferred_username: 'ada@acme.example',
      email: 'ceo@other.example',
      name: 'Ada',
      ver: '2.0',
    },
  )
  if (several) {
    provider.metadataUrl = `${authority}/v2.0/.well-known/openid-configuration`
  }
  const whose = several ? {} : { tenant }
  return { provider, options: presets.entra({ ...client, ...whose, ...options }) }
}

/** @see https://developer.okta.com/docs/reference/api/oidc/ */
export async function oktaDouble(options: Partial<presets.OktaOptions> = {}): Promise<Double> {
  const base = 'https://acme.okta.com/oauth2/default'
  const provider = await createProvider(
    base,
    {
      authorization_endpoint: `${base}/v1/authorize`,
      token_endpoint: `${base}/v1/token`,
      userinfo_endpoint: `${base}/v1/userinfo`,
      revocation_endpoint: `${base}/v1/revoke`,
      end_session_endpoint: `${base}/v1/logout`,
      jwks_uri: `${base}/v1/keys`,
      code_challenge_methods_supported: ['S256'],
      request_parameter_supported: true,
    },
    { sub: '00uid4BxXw6I6TV4m0g3', ver: 1, amr: ['pwd'], groups: ['Everyone', 'admins'] },
  )
  const usual = { domain: 'acme.okta.com', authorizationServer: 'default' }
  return { provider, options: presets.okta({ ...client, ...usual, ...options }) }
}

/** @see https://auth0.com/docs/get-started/applications/configure-applications-with-oidc-discovery */
export async function auth0Double(options: Partial<presets.Auth0Options> = {}): Promise<Double> {
  const base = 'https://acme.eu.auth0.com/'
  const provider = await createProvider(
    base,
    {
      authorization_endpoint: `${base}authorize`,
      token_endpoint: `${base}oauth/token`,
      userinfo_endpoint: `${base}userinfo`,
      revocation_endpoint: `${base}oauth/revoke`,
      end_session_endpoint: `${base}oidc/logout`,
      jwks_uri: `${base}.well-known/jwks.json`,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    },
    {
      sub: 'auth0|507f1f77bcf86cd799439011',
      sid: 'session-of-auth0',
      'https://acme.example/roles': ['admins'],
    },
  )
  return {
    provider,
    options: presets.auth0({ ...client, domain: 'acme.eu.auth0.com', ...options }),
  }
}

/** @see https://www.keycloak.org/securing-apps/oidc-layers */
export async function keycloakDouble(
  options: Partial<presets.KeycloakOptions> = {},
): Promise<Double> {
  const base = 'https://id.acme.example/realms/acme'
  const protocol = `${base}/protocol/openid-connect`
  const provider = await createProvider(
    base,
    {
      authorization_endpoint: `${protocol}/auth`,
      token_endpoint: `${protocol}/token`,
      userinfo_endpoint: `${protocol}/userinfo`,
      revocation_endpoint: `${protocol}/revoke`,
      end_session_endpoint: `${protocol}/logout`,
      jwks_uri: `${protocol}/certs`,
      pushed_authorization_request_endpoint: `${protocol}/ext/par/request`,
      authorization_response_iss_parameter_supported: true,
      claims_parameter_supported: true,
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
    },
    {
      sub: 'f:1b2c:ada',
      sid: 'session-of-keycloak',
      typ: 'ID',
      azp: 'client',
      realm_access: { roles: ['offline_access', 'admins'] },
      resource_access: { client: { roles: ['editor'] }, account: { roles: ['manage-account'] } },
    },
  )
  const usual = { url: 'https://id.acme.example/', realm: 'acme' }
  return { provider, options: presets.keycloak({ ...client, ...usual, ...options }) }
}

/** @see https://docs.gitlab.com/integration/openid_connect_provider/ */
export async function gitlabDouble(options: Partial<presets.GitlabOptions> = {}): Promise<Double> {
  const base = 'https://gitlab.com'
  const provider = await createProvider(
    base,
    {
      authorization_endpoint: `${base}/oauth/authorize`,
      token_endpoint: `${base}/oauth/token`,
      userinfo_endpoint: `${base}/oauth/userinfo`,
      revocation_endpoint: `${base}/oauth/revoke`,
      jwks_uri: `${base}/oauth/discovery/keys`,
      code_challenge_methods_supported: ['plain', 'S256'],
    },
    { sub: '4242', nickname: 'ada', groups_direct: ['acme/admins', 'acme'] },
  )
  return { provider, options: presets.gitlab({ ...client, ...options }) }
}

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html */
export async function cognitoDouble(
  options: Partial<presets.CognitoOptions> = {},
): Promise<Double> {
  const host = 'https://acme.auth.eu-central-1.amazoncognito.com'
  const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab12Cd34E'
  const provider = await createProvider(
    issuer,
    {
      authorization_endpoint: `${host}/oauth2/authorize`,
      token_endpoint: `${host}/oauth2/token`,
      userinfo_endpoint: `${host}/oauth2/userInfo`,
      revocation_endpoint: `${host}/oauth2/revoke`,
      end_session_endpoint: `${host}/logout`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
    },
    {
      sub: '7d8ca528-4931-4254-9273-ea5ee853f271',
      token_use: 'id',
      'cognito:username': 'ada',
      'cognito:groups': ['admins'],
      origin_jti: '5b9f50a3-05da-454a-8b99-b79c2349de77',
    },
  )
  const usual = {
    region: 'eu-central-1',
    userPool: 'eu-central-1_Ab12Cd34E',
    domain: 'acme.auth.eu-central-1.amazoncognito.com',
  }
  return { provider, options: presets.cognito({ ...client, ...usual, ...options }) }
}

/**
 * Takes a client secret only where it is a JWT by the key of the team, and posts its answers.
 *
 * @see https://developer.apple.com/documentation/signinwithapplerestapi/generate-and-validate-tokens
 * @see https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret
 */
export async function appleDouble(options: Partial<presets.AppleOptions> = {}): Promise<Double> {
  const issuer = 'https://appleid.apple.com'
  const provider = await createProvider(
    issuer,
    {
      authorization_endpoint: `${issuer}/auth/authorize`,
      token_endpoint: `${issuer}/auth/token`,
      revocation_endpoint: `${issuer}/auth/revoke`,
      jwks_uri: `${issuer}/auth/keys`,
      response_modes_supported: ['query', 'fragment', 'form_post'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    },
    {
      sub: '001234.5b3a3bdf9c0b4f049c1471cae1cd1d8d.0001',
      email: 'ada@privaterelay.appleid.com',
      email_verified: 'true',
      is_private_email: 'true',
      auth_time: Math.floor(noon / 1000) - 30,
      nonce_supported: true,
    },
  )
  const pair = await generateKeyPair('ES256', { extractable: true })
  const pem = await exportPKCS8(pair.privateKey)
  const known = await importSPKI(await exportSPKI(pair.publicKey), 'ES256')
  const usual = provider.fetch
  Object.assign(provider, {
    fetch: async (url: string, init: RequestInit) => {
      if (url !== `${issuer}/auth/token`) return usual(url, init)
      const form = new URLSearchParams(`${init.body}`)
      const isGood = await isAppleSecret(form.get('client_secret') ?? '', known, provider.seconds)
      if (isGood && form.get('client_id') === 'client') return usual(url, init)
      return Response.json({ error: 'invalid_client' }, { status: 400 })
    },
  })
  const own = { clientId: 'client', teamId: 'TEAM123456', keyId: 'KEY1234567', key: pem }
  return { provider, options: presets.apple({ ...own, ...options }) }
}

async function isAppleSecret(secret: string, key: CryptoKey, now: number): Promise<boolean> {
  try {
    const { payload, protectedHeader } = await compactVerify(secret, key)
    const claims = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>
    const isOwn = claims.iss === 'TEAM123456' && claims.sub === 'client'
    const isForApple = claims.aud === 'https://appleid.apple.com'
    const isFresh = Number(claims.iat) <= now && now < Number(claims.exp)
    const isShort = Number(claims.exp) - now <= 15_777_000
    const isKnown = protectedHeader.kid === 'KEY1234567' && protectedHeader.alg === 'ES256'
    return isOwn && isForApple && isFresh && isShort && isKnown
  } catch {
    return false
  }
}

/** GitHub and its levers. */
export interface GithubDouble extends Double {
  readonly account: { user: Json; emails: Json[]; orgs: Json[]; teams: Json[] }
  readonly deleted: { readonly authorization: string | null; readonly body: string }[]
  /** What the token endpoint answers in place of a token. */
  error: string | undefined
}

/**
 * No metadata, no id token, 200 for a code that it refuses, and an API that wants a `User-Agent`.
 *
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 * @see https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
 * @see https://docs.github.com/en/rest/users/users#get-the-authenticated-user
 */
export async function githubDouble(
  options: Partial<presets.GithubOptions> = {},
): Promise<GithubDouble> {
  const site = 'https://github.com'
  const provider = await createProvider(
    site,
    {
      authorization_endpoint: `${site}/login/oauth/authorize`,
      token_endpoint: `${site}/login/oauth/access_token`,
      jwks_uri: undefined,
    },
    {},
  )
  const double: GithubDouble = {
    provider,
    options: presets.github({ ...client, ...options }),
    account: {
      user: {
        login: 'ada',
        id: 583231,
        name: 'Ada',
        avatar_url: 'https://a.example/1',
        email: null,
      },
      emails: [
        { email: 'old@acme.example', verified: true, primary: false, visibility: null },
        { email: 'ada@acme.example', verified: true, primary: true, visibility: 'private' },
      ],
      orgs: [{ login: 'acme', id: 1 }],
      teams: [{ slug: 'admins', organization: { login: 'acme' } }],
    },
    deleted: [],
    error: undefined,
  }
  const usual = provider.fetch
  Object.assign(provider, {
    fetch: async (url: string, init: RequestInit) => {
      const { origin, pathname } = new URL(url)
      if (origin === 'https://api.github.com') return answerApi(double, pathname, init)
      if (url !== `${site}/login/oauth/access_token`) return usual(url, init)
      const response = await usual(url, init)
      const form = new URLSearchParams(`${init.body}`)
      const isOurs = form.get('client_secret') === 'a secret'
      const error = double.error ?? (isOurs ? undefined : 'incorrect_client_credentials')
      const isRefused = response.status !== 200
      if (error !== undefined || isRefused) {
        return Response.json({ error: error ?? 'bad_verification_code', error_description: 'x' })
      }
      return Response.json({ access_token: 'gho_1', scope: 'user:email', token_type: 'bearer' })
    },
  })
  return double
}

function answerApi({ account, deleted }: GithubDouble, path: string, init: RequestInit): Response {
  const headers = new Headers(init.headers)
  if (!headers.has('user-agent')) {
    return new Response('Request forbidden by administrative rules.', { status: 403 })
  }
  if (init.method === 'DELETE' && path === '/applications/client/token') {
    deleted.push({ authorization: headers.get('authorization'), body: `${init.body}` })
    return new Response(null, { status: 204 })
  }
  if (headers.get('authorization') !== 'Bearer gho_1') {
    return Response.json({ message: 'Bad credentials' }, { status: 401 })
  }
  const found = new Map<string, unknown>([
    ['/user', account.user],
    ['/user/emails', account.emails],
    ['/user/orgs', account.orgs],
    ['/user/teams', account.teams],
  ]).get(path)
  return found === undefined
    ? Response.json({ message: 'Not Found' }, { status: 404 })
    : Response.json(found)
}

/** Every double, as the presets make them. */
export const doubles: Readonly<Record<string, () => Promise<Double>>> = {
  google: () => googleDouble(),
  entra: () => entraDouble(),
  okta: () => oktaDouble(),
  auth0: () => auth0Double(),
  keycloak: () => keycloakDouble(),
  gitlab: () => gitlabDouble(),
  github: () => githubDouble(),
  apple: () => appleDouble(),
  cognito: () => cognitoDouble(),
}

/** For tests that look at what was sent. */
export function readBasic(header: string | null): string {
  const text = header?.replace(/^Basic /, '') ?? ''
  return atob(text)
}
