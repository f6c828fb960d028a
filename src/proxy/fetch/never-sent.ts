/**
 * Decides whether a request certainly never reached its upstream. `throttle/login.ts` of the gateway calls it: a login
 * attempt that was never sent does not count as a failure. An unknown error counts as sent. It does not throw, and
 * looks at five causes of an error at most.
 */
import { isPortcullisError } from '../../errors.ts'

/** Error codes of failed connections and unknown names, in Node (undici) and Bun. */
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

/** Maximum number of causes that are examined, since an error may be its own cause. */
const maxCauses = 5

/**
 * Whether nothing of a request was sent: its upstream was paused, or the connection was refused. An
 * unknown error counts as sent. workerd reports all failed connections in the same way, so there they
 * count as sent.
 */
export function isNeverSent(error: unknown): boolean {
  if (isPortcullisError(error, 'ERR_UPSTREAM_PAUSED')) return true
  if (!isPortcullisError(error, 'ERR_UPSTREAM_UNREACHABLE')) return false
  let currentCause: unknown = error.cause
  for (let causeDepth = 0; causeDepth < maxCauses && currentCause instanceof Object; causeDepth++) {
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
