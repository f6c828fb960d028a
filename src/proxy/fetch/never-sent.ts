/**
 * Decides whether a failed request can have reached its upstream. The gateway's throttle calls it
 * to settle a login attempt. An unknown failure counts as sent.
 */
import { isPortcullisError } from '../../errors.ts'

/** Error codes of Node (and undici), of Bun, and of resolvers for a name that leads nowhere. */
const errorCodes: ReadonlySet<unknown> = new Set([
  ...[
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EAI_AGAIN',
    'UND_ERR_CONNECT_TIMEOUT',
  ],
  'ConnectionRefused',
])

/** Causes that are looked through; an error may be its own cause. */
const mostCauses = 5

/**
 * Whether nothing of a request was sent: its upstream was paused, or the connection was refused. An
 * unknown failure counts as sent; workerd reports all lost connections in the same way.
 */
export function isNeverSent(error: unknown): boolean {
  if (isPortcullisError(error, 'ERR_UPSTREAM_PAUSED')) return true
  if (!isPortcullisError(error, 'ERR_UPSTREAM_UNREACHABLE')) return false
  let currentCause: unknown = error.cause
  for (
    let causeDepth = 0;
    causeDepth < mostCauses && currentCause instanceof Object;
    causeDepth++
  ) {
    const { code, message, cause } = currentCause as {
      code?: unknown
      message?: unknown
      cause?: unknown
    }

    if (errorCodes.has(code)) return true
    if (typeof message === 'string' && /\bconnection refused\b/i.test(message)) return true
    currentCause = cause
  }

  return false
}
