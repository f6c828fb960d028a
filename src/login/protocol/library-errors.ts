/**
 * Maps the errors of oauth4webapi to a `LoginError` with one of the login's reasons. `protocol.ts` and
 * `client-auth.ts` call it in their `catch`.
 *
 * A `LoginError` is returned unchanged. Errors that are neither of the library nor a `LoginError`
 * are thrown again, since they are programming errors. An error response with 429 or 5xx, and one that is no OAuth
 * error, counts as `provider-unreachable`.
 */
import * as oauth from 'oauth4webapi'
import { LoginError, type LoginReason } from '../types.ts'

/** The step that failed: redeeming a code or a refresh token, reading userinfo, or something else. */
export type LibraryStep = 'code-refused' | 'grant-refused' | 'provider-error' | 'userinfo'

/** Maps an error to a `LoginError`, and throws errors of other kinds again. */
export function mapLibraryError(error: unknown, step: LibraryStep): LoginError {
  if (error instanceof LoginError) return error
  if (error instanceof oauth.ResponseBodyError) return mapBodyError(error, step)
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return new LoginError(step === 'userinfo' ? 'provider-error' : 'client-refused', 'challenge')
  }
  if (error instanceof oauth.UnsupportedOperationError) return new LoginError('id-token-bad')
  if (error instanceof oauth.OperationProcessingError) return mapProcessingError(error, step)
  throw error
}

function mapBodyError(error: oauth.ResponseBodyError, step: LibraryStep): LoginError {
  const { error: code, status } = error
  if (status === 429 || status >= 500) return new LoginError('provider-unreachable', `${status}`)
  if (code === 'invalid_client' || code === 'unauthorized_client') {
    return new LoginError('client-refused', code)
  }
  const isGrant = step === 'code-refused' || step === 'grant-refused'
  if (code === 'invalid_grant' && isGrant) return new LoginError(step)
  return new LoginError('provider-error', `status ${status}`)
}

const reasonsByClaim: Readonly<Record<string, LoginReason>> = {
  iss: 'id-token-issuer',
  aud: 'id-token-audience',
  azp: 'id-token-audience',
  nonce: 'id-token-nonce',
  exp: 'id-token-time',
  nbf: 'id-token-time',
}

function mapProcessingError(error: oauth.OperationProcessingError, step: LibraryStep): LoginError {
  const { code, cause } = error
  if (code === oauth.RESPONSE_IS_NOT_CONFORM || code === oauth.RESPONSE_IS_NOT_JSON) {
    const status = cause instanceof Response ? cause.status : 0
    // An HTML page, or an error without a code: a provider that works does not send this.
    return new LoginError(
      step === 'userinfo' && status === 401 ? 'provider-error' : 'provider-unreachable',
    )
  }
  if (code === oauth.PARSE_ERROR && step === 'userinfo') return new LoginError('provider-malformed')

  if (step === 'userinfo') {
    const isSubject = code === oauth.JSON_ATTRIBUTE_COMPARISON
    return new LoginError(isSubject ? 'userinfo-subject' : 'provider-error')
  }
  const claim = readClaim(cause)
  return new LoginError(reasonsByClaim[claim] ?? 'id-token-bad', claim)
}

function readClaim(cause: unknown): string {
  if (typeof cause !== 'object' || cause === null || !('claim' in cause)) return ''
  return typeof cause.claim === 'string' ? cause.claim : ''
}
