/**
 * Finds the reason that an error stands for. `errorPage()` and the gateway call it for what was
 * thrown. A value that it does not know is a `fault`.
 */
import { type ErrorCode, isPortcullisError } from '../errors.ts'
import type { Reason } from '../types.ts'

/** Codes that stand for more than `fault`; every other one is a mistake of the code that runs here. */
const byCode: Readonly<Partial<Record<ErrorCode, Reason>>> = {
  ERR_CONFIG: 'config-invalid',
  // Somebody logged out elsewhere while this request ran: signing in again is what helps.
  ERR_SESSION_ENDED: 'no-session',
  ERR_SESSION_CONFLICT: 'session-conflict',
  ERR_SESSION_UNREADABLE: 'session-unreadable',
  // A client cannot tell these apart, and must not: both are ours to repair.
  ERR_STORE_UNAVAILABLE: 'store-unavailable',
  ERR_STORE_REFUSED: 'store-unavailable',
  ERR_TOKEN_GONE: 'no-session',
  ERR_TOKEN_UNAVAILABLE: 'token-unavailable',
  // Nobody who is known: the request did not come through the gateway.
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
  // A code begins with ERR_, so no name that every object has can be asked for.
  return isPortcullisError(error) ? (byCode[error.code] ?? 'fault') : 'fault'
}
