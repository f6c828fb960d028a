/**
 * Redeems refresh tokens for new tokens, validates these, and revokes tokens. `tokens/lease.ts` refreshes
 * with it, and `tokens/keep.ts` revokes.
 *
 * It throws a `LoginError`: `grant-refused` where the provider no longer accepts the refresh token,
 * `subject-changed` where the new tokens belong to another person, otherwise as `protocol.ts` does.
 * A provider may replace the refresh token with each use, so the caller must store the new one in
 * `onRotated`, which is called before the rest of the response is validated. A provider without a revocation
 * endpoint is not asked to revoke anything.
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
  /** Runs before each request that carries the refresh token. If it rejects, the request is not sent. */
  readonly beforeSend: () => Promise<void>
  /** Receives a new refresh token before anything else of the response is validated. */
  readonly onRotated: (refreshToken: string) => Promise<void>
}

/**
 * Redeems a refresh token. The provider may no longer accept the old refresh token after this request, so `onRotated`
 * receives the new one before the rest of the response is validated: a bad id token must not cost the refresh token.
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

/**
 * Reads the refresh token of a successful response, even if the rest is invalid. `send` has limited the body before.
 */
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
 * Validates the tokens of a refresh: they must belong to the same person.
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
  // Core section 12.2: the id token of a refresh must have the same subject as the first one.
  const isSamePerson = claims === undefined || readSubject(provider, claims) === subject
  if (!isSamePerson) throw new LoginError('subject-changed')
  return {
    accessToken,
    ...(result.refresh_token !== undefined && { refreshToken: result.refresh_token }),
    ...(result.expires_in !== undefined && { expiresIn: result.expires_in }),
    ...(idToken !== undefined && { idToken }),
    ...(claims !== undefined && { claims }),
  }
}

/** Revokes the refresh token, or the access token if there is no refresh token (RFC 7009). @throws {LoginError} */
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
