/**
 * Redeems refresh tokens and revokes tokens. `tokens/lease.ts` and `tokens/keep.ts` call it. It
 * throws a `LoginError`: `grant-refused` where the provider takes the token no longer,
 * `subject-changed` for tokens of another person.
 */
import * as oauth from 'oauth4webapi'
import { readSubject } from '../identify.ts'
import { isObject, LoginError, type RefreshedTokens } from '../types.ts'
import { withSecret } from './client-auth.ts'
import {
  createOAuthRequest,
  createTokenMetadata,
  type ProtocolContext,
  requestOptions,
  validateIdToken,
} from './protocol.ts'

/** Callbacks around a request with a refresh token. */
export interface RefreshHooks {
  /** Runs before each request that carries the refresh token. Where it rejects, nothing is sent. */
  readonly beforeSend: () => Promise<void>
  /** Receives a new refresh token before anything else of the response is validated. */
  readonly onRotated: (refreshToken: string) => Promise<void>
}

/**
 * Redeems a refresh token. From here on the provider may take the old one no longer, so a new one is handed over before the
 * rest of the response is read: a bad id token beside it must not lose it.
 *
 * @throws {LoginError} `grant-refused`, or as `exchangeCode` does
 */
export async function redeemRefreshToken(
  context: ProtocolContext,
  refreshToken: string,
  { beforeSend, onRotated }: RefreshHooks,
): Promise<oauth.TokenEndpointResponse> {
  const { metadata, provider } = context
  const { resource } = provider.options
  const options = {
    ...requestOptions(context),
    ...(resource !== undefined && { additionalParameters: { resource } }),
  }
  return withSecret(context, 'grant-refused', async (client, auth) => {
    await beforeSend()
    const response = await oauth.refreshTokenGrantRequest(
      metadata,
      client,
      auth,
      refreshToken,
      options,
    )
    const nextToken = await readRefreshToken(response)
    if (nextToken !== undefined && nextToken !== refreshToken) await onRotated(nextToken)

    const { oauth: adapter } = provider.options
    const readable = (await adapter?.repairTokenResponse?.(response)) ?? response
    const expecting = adapter ? metadata : await createTokenMetadata(context, response)
    return oauth.processRefreshTokenResponse(expecting, client, readable)
  })
}

/** Reads the refresh token of a response that succeeded, whatever else is in it. The body was read within bounds before. */
async function readRefreshToken(response: Response): Promise<string | undefined> {
  if (!response.ok) return undefined
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined)
  const token = isObject(body) ? body.refresh_token : undefined
  return typeof token === 'string' && token !== '' ? token : undefined
}

/**
 * Validates what a refresh token was redeemed for: new tokens of the same person.
 *
 * @throws {LoginError} `subject-changed`, or as `exchangeCode` does
 */
export async function validateRefreshed(
  context: ProtocolContext,
  result: oauth.TokenEndpointResponse,
  subject: string,
): Promise<RefreshedTokens> {
  const { provider } = context
  if (result.token_type !== 'bearer') throw new LoginError('provider-error', 'token_type')

  const { access_token: accessToken, id_token: idToken } = result
  const claims =
    idToken === undefined ? undefined : await validateIdToken(context, idToken, accessToken)
  // Core section 12.2: a refresh speaks of the same person, or its tokens are worth nothing.
  const isSame = claims === undefined || readSubject(provider, claims) === subject
  if (!isSame) throw new LoginError('subject-changed')
  return {
    accessToken,
    ...(result.refresh_token !== undefined && { refreshToken: result.refresh_token }),
    ...(result.expires_in !== undefined && { expiresIn: result.expires_in }),
    ...(idToken !== undefined && { idToken }),
    ...(claims !== undefined && { claims }),
  }
}

/** Revokes the refresh token, or the access token where there is no other (RFC 7009). @throws {LoginError} */
export async function revokeTokens(
  context: ProtocolContext,
  { accessToken, refreshToken }: { readonly accessToken: string; readonly refreshToken?: string },
): Promise<void> {
  const { metadata } = context
  const { oauth: adapter } = context.provider.options
  if (adapter !== undefined) {
    await adapter.revoke?.(createOAuthRequest(context, accessToken))
    return
  }
  if (metadata.revocation_endpoint === undefined) return
  await withSecret(context, 'provider-error', async (client, auth) => {
    const response = await oauth.revocationRequest(
      metadata,
      client,
      auth,
      refreshToken ?? accessToken,
      requestOptions(context),
    )
    return oauth.processRevocationResponse(response)
  })
}
