/**
 * Sends the requests of the authorization code flow with oauth4webapi (authorization URL, token
 * request, userinfo), and validates what the library does not: the signature of id tokens, and their claims for
 * providers with several tenants. `flow/start.ts`, `callback.ts`, `person.ts` and `backchannel.ts`, bearer tokens,
 * `client-auth.ts`, `refresh.ts` and the login's context call it.
 *
 * Every response that does not verify throws a `LoginError` with its reason; a provider that does not
 * answer within `timeoutMs`, or answers with more than 256 kB, throws `provider-unreachable` or
 * `provider-malformed`. Errors that a provider's own functions (`oauth`) throw pass through.
 */
import * as oauth from 'oauth4webapi'
import type { Clock } from '../../types.ts'
import type { Connection } from '../providers/connection.ts'
import type { OAuthRequest, Provider } from '../providers/provider-options.ts'
import { type LoginFetch, send } from '../providers/send.ts'
import { type Claims, LoginError, type Metadata, type TokenSet } from '../types.ts'
import { createClient, withSecret } from './client-auth.ts'
import { mapLibraryError } from './library-errors.ts'
import { readSignedToken, verifySignedToken } from './signed-token.ts'
import {
  type TokenTime,
  validateAccessTokenHash,
  validateAudienceClaim,
  validateIssuerClaim,
  validateSubjectClaim,
  validateTimeClaims,
} from './token-claims.ts'

/** A provider, and what requests to it need. */
export interface ProtocolContext {
  readonly provider: Provider
  readonly metadata: Metadata
  readonly connection: Connection
  readonly fetch: LoginFetch
  readonly clock: Clock
  readonly timeoutMs: number
  /** Seconds. */
  readonly tolerance: number
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
}

/** The values that the response is checked against. */
export interface ExpectedAnswer {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Returns the current time and the tolerance with which claims are checked, in seconds. */
export function readTokenTime({ clock, tolerance }: ProtocolContext): TokenTime {
  return { now: Math.floor(clock() / 1000), tolerance }
}

/**
 * Creates the URL to which the browser is redirected. With PAR (RFC 9126) the parameters are first sent to the provider
 * directly, and the URL only refers to them.
 */
export async function createAuthorizationUrl(
  context: ProtocolContext,
  parameters: URLSearchParams,
): Promise<URL> {
  const { metadata, provider } = context
  const url = new URL(`${metadata.authorization_endpoint}`)
  parameters.set('client_id', provider.clientId)
  const isPushed = metadata.require_pushed_authorization_requests === true
  if (!isPushed && provider.options.par !== true) {
    for (const [name, value] of parameters) url.searchParams.set(name, value)
    return url
  }

  const reference = await withSecret(context, 'provider-error', async (client, auth) => {
    const sent = await oauth.pushedAuthorizationRequest(
      metadata,
      client,
      auth,
      parameters,
      requestOptions(context),
    )
    return oauth.processPushedAuthorizationResponse(metadata, client, sent)
  })
  url.searchParams.set('client_id', provider.clientId)
  url.searchParams.set('request_uri', reference.request_uri)
  return url
}

/**
 * Validates the answer, redeems the code and validates the id token.
 *
 * @throws {LoginError}
 */
export async function exchangeCode(
  context: ProtocolContext,
  answer: URLSearchParams,
  expected: ExpectedAnswer,
): Promise<TokenSet> {
  const { provider } = context
  const { resource } = provider.options
  const options = {
    ...requestOptions(context),
    ...(resource !== undefined && { additionalParameters: { resource } }),
  }
  const { metadata } = context

  const result = await withSecret(context, 'code-refused', async (client, auth) => {
    const checked = oauth.validateAuthResponse(metadata, client, answer, expected.state)
    const response = await oauth.authorizationCodeGrantRequest(
      metadata,
      client,
      auth,
      checked,
      expected.redirectUri,
      expected.verifier,
      options,
    )
    return processTokens(context, client, response, expected.nonce)
  })
  return validateTokenSet(context, result)
}

/** Validates the token endpoint's response to a code with the library. */
async function processTokens(
  context: ProtocolContext,
  client: oauth.Client,
  response: Response,
  expectedNonce: string,
): Promise<oauth.TokenEndpointResponse> {
  const { metadata, provider } = context
  const { oauth: adapter } = provider.options
  if (adapter !== undefined) {
    const readable = (await adapter.repairTokenResponse?.(response)) ?? response
    return oauth.processAuthorizationCodeResponse(metadata, client, readable)
  }
  const expecting = await createTokenMetadata(context, response)
  const expectations = { expectedNonce, requireIdToken: true }
  return oauth.processAuthorizationCodeResponse(expecting, client, response, expectations)
}

/**
 * Validates a token response beyond the library: the signature, and cases that the library accepts and a login must
 * not.
 */
async function validateTokenSet(
  context: ProtocolContext,
  result: oauth.TokenEndpointResponse,
): Promise<TokenSet> {
  const { id_token: idToken, access_token: accessToken } = result
  const more = {
    ...(result.refresh_token !== undefined && { refreshToken: result.refresh_token }),
    ...(result.expires_in !== undefined && { expiresIn: result.expires_in }),
  }
  if (context.provider.options.oauth !== undefined) {
    return { accessToken, claims: await readOAuthClaims(context, accessToken), ...more }
  }
  if (idToken === undefined) throw new LoginError('id-token-bad', 'missing')
  // Any other type, such as DPoP, binds the token to a key, and this client has offered none.
  if (result.token_type !== 'bearer') throw new LoginError('id-token-bad', 'token_type')

  const claims = await validateIdToken(context, idToken, accessToken)
  return { accessToken, idToken, claims, ...more }
}

/** Validates an id token that came with an access token. @returns its claims */
export async function validateIdToken(
  context: ProtocolContext,
  idToken: string,
  accessToken: string,
): Promise<Claims> {
  const { provider, connection, waitUntil } = context
  const { header, claims } = await verifySignedToken(idToken, connection, {
    algorithms: provider.algorithms,
    bad: 'id-token-bad',
    isTenanted: provider.options.tenants !== undefined,
    waitUntil,
  })
  validateIssuerClaim(provider, claims)
  validateAudienceClaim(provider, claims)
  validateTimeClaims(claims, readTokenTime(context))
  validateSubjectClaim(claims)
  await validateAccessTokenHash(header.alg, claims, accessToken)
  return claims
}

/** Reads the claims of a person at a provider without OpenID Connect, with the functions of the option `oauth`. */
async function readOAuthClaims(context: ProtocolContext, accessToken: string): Promise<Claims> {
  const { oauth: adapter } = context.provider.options
  const claims = await adapter?.readClaims(createOAuthRequest(context, accessToken))
  validateSubjectClaim(claims ?? {})
  return claims ?? {}
}

/** Creates a request to a provider without OpenID Connect. */
export function createOAuthRequest(
  { provider, fetch, timeoutMs }: ProtocolContext,
  accessToken: string,
): OAuthRequest {
  const { clientId, secrets } = provider
  return {
    accessToken,
    clientId,
    clientSecret: secrets[0] ?? '',
    send: (url, init = {}) => send(fetch, url, init, timeoutMs),
  }
}

/** Reads the claims of the userinfo endpoint, which must be about the same subject (Core section 5.3.2). */
export async function readUserinfo(
  context: ProtocolContext,
  accessToken: string,
  subject: string | undefined,
): Promise<Claims> {
  const { metadata, provider } = context
  if (provider.options.oauth !== undefined) return readOAuthClaims(context, accessToken)
  try {
    const options = requestOptions(context)
    const client = createClient(context)
    const response = await oauth.userInfoRequest(metadata, client, accessToken, options)
    return await oauth.processUserInfoResponse(
      metadata,
      client,
      subject ?? oauth.skipSubjectCheck,
      response,
    )
  } catch (error) {
    throw mapLibraryError(error, 'userinfo')
  }
}

/**
 * Creates the metadata by which the library checks an id token: our algorithms, and the issuer of the token's tenant.
 */
export async function createTokenMetadata(
  { metadata, provider }: ProtocolContext,
  response: Response,
): Promise<Metadata> {
  const { algorithms, issuer, options } = provider
  const restricted = { ...metadata, id_token_signing_alg_values_supported: [...algorithms] }
  if (options.tenants === undefined) return restricted

  // The tenant is read from the unverified token here; `validateIssuerClaim` then requires that the options list it.
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const token = (body as { id_token?: unknown } | undefined)?.id_token
  const { tid } = readSignedToken(`${token}`, 'id-token-bad').claims
  return { ...restricted, issuer: issuer.replace('{tenantid}', `${tid}`) }
}

/** Options of every request by the library. */
export interface RequestOptions {
  readonly [oauth.allowInsecureRequests]: true
  readonly [oauth.customFetch]: (url: string, init: object) => Promise<Response>
}

/** Makes the library send its requests with the deadline and the size limit of the login. */
export function requestOptions({ fetch, timeoutMs }: ProtocolContext): RequestOptions {
  return {
    // The metadata's endpoints were validated when it was fetched: https, or http to this machine.
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (url, init) => send(fetch, url, init as RequestInit, timeoutMs),
  }
}
