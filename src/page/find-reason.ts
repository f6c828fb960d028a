/**
 * Finds the reason that a thrown value stands for, by which the status of the response is chosen.
 * `errorPage()`, the gateway and the Vercel guard call it. It is pure and throws nothing. Every
 * value that is not an error of this package, and every code that is not in the table, is a
 * `fault`, which is answered with 500.
 */
import { type ErrorCode, isPortcullisError } from '../errors.ts'
import type { Reason } from '../types.ts'

/** The codes with their own reason. Every other code is a mistake in the application's code. */
const byCode: Readonly<Partial<Record<ErrorCode, Reason>>> = {
  ERR_CONFIG: 'config-invalid',
  // The session was ended elsewhere while this request ran. Signing in again helps.
  ERR_SESSION_ENDED: 'no-session',
  ERR_SESSION_CONFLICT: 'session-conflict',
  ERR_SESSION_UNREADABLE: 'session-unreadable',
  // Clients must not be able to distinguish these two. Both are for the operator to fix.
  ERR_STORE_UNAVAILABLE: 'store-unavailable',
  ERR_STORE_REFUSED: 'store-unavailable',
  ERR_TOKEN_GONE: 'no-session',
  ERR_TOKEN_UNAVAILABLE: 'token-unavailable',
  // The request did not come through the gateway, so there is no user.
  ERR_ASSERTION_INVALID: 'no-session',
  ERR_UPSTREAM_TIMEOUT: 'upstream-timeout',
  ERR_UPSTREAM_UNREACHABLE: 'upstream-unreachable',
  ERR_UPSTREAM_PAUSED: 'upstream-paused',
}

/**
 * Returns the reason for a thrown value: by its code for an error of this package, otherwise `fault`.
 *
 * @example
 * app.onError((error, c) => errorResponse(findReason(error), c.req.raw))
 */
export function findReason(error: unknown): Reason {
  // A code begins with ERR_, so it never names a member that every object inherits.
  return isPortcullisError(error) ? (byCode[error.code] ?? 'fault') : 'fault'
}
