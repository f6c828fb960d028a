/** The refresh token grant, and revocation. */
import * as oauth from 'oauth4webapi'
import { LoginError, type RefreshedTokens } from '../types.ts'
import { withSecret } from './client-auth.ts'
import {
  createTokenMetadata,
  type ProtocolContext,
  requestOptions,
  validateIdToken,
} from './protocol.ts'

/**
 * Redeems a refresh token for new tokens of the same person.
 *
 * @throws {LoginError} `grant-refused`, `subject-changed`, or as `exchangeCode` does
 */
export async function refreshTokens(
  context: ProtocolContext,
  refreshToken: string,
  subject: string,
): Promise<RefreshedTokens> {
  const { metadata, provider } = context
  const { resource } = provider.options
  const options = {
    ...requestOptions(context),
    ...(resource !== undefined && { additionalParameters: { resource } }),
  }
  const result = await withSecret(context, 'grant-refused', async (client, auth) => {
    const response = await oauth.refreshTokenGrantRequest(
      metadata,
      client,
      auth,
      refreshToken,
      options,
    )
    const expecting = await createTokenMetadata(context, response)
    return oauth.processRefreshTokenResponse(expecting, client, response)
  })
  if (result.token_type !== 'bearer') throw new LoginError('provider-error', 'token_type')

  const { access_token: accessToken, id_token: idToken } = result
  const claims =
    idToken === undefined ? undefined : await validateIdToken(context, idToken, accessToken)
  // Core section 12.2: a refresh speaks of the same person, or its tokens are worth nothing.
  if (claims !== undefined && claims.sub !== subject) throw new LoginError('subject-changed')
  return {
    accessToken,
    ...(result.refresh_token !== undefined && { refreshToken: result.refresh_token }),
    ...(result.expires_in !== undefined && { expiresIn: result.expires_in }),
    ...(idToken !== undefined && { idToken }),
    ...(claims !== undefined && { claims }),
  }
}

/** Revokes a token where the provider has an endpoint for that (RFC 7009). @throws {LoginError} */
export async function revokeToken(context: ProtocolContext, token: string): Promise<void> {
  const { metadata } = context
  if (metadata.revocation_endpoint === undefined) return
  await withSecret(context, 'provider-error', async (client, auth) => {
    const response = await oauth.revocationRequest(
      metadata,
      client,
      auth,
      token,
      requestOptions(context),
    )
    return oauth.processRevocationResponse(response)
  })
}
