/**
 * The table of every reason for which a request is rejected, and the status and words that the
 * client receives. Responses, logs and the audit trail read it. A reason that it does not know
 * counts as 500.
 */
import type { Reason } from '../types.ts'
import { findStatusText, type StatusText } from './statuses.ts'

/**
 * The one map from reasons to answers. Reasons with the same status get the same words, so that nobody learns from a
 * page which check refused: a role that is missing reads like any other 403, a route that does not exist like a page
 * that does not. A reason without an entry does not compile.
 */
export const reasons: Readonly<Record<Reason, StatusText>> = /* @__PURE__ */ mapAnswers({
  'path-not-canonical': 400,
  'url-too-long': 414,
  'query-too-large': 400,
  'headers-too-large': 431,
  'host-malformed': 400,
  'host-unknown': 421,
  'https-required': 403,
  'method-not-allowed': 405,
  'content-type-not-allowed': 415,
  'body-too-large': 413,
  'body-malformed': 400,
  'origin-not-allowed': 403,
  'no-route': 404,
  'not-found': 404,
  'no-rule': 403,
  'no-session': 401,
  'session-too-old': 401,
  'login-too-weak': 401,
  'device-not-bound': 403,
  // The browser could not reach its refresh, or may not sign now: to sign in again would not help.
  'device-not-proved': 503,
  'device-proof-too-old': 401,
  'role-missing': 403,
  'claim-missing': 403,
  'address-not-allowed': 403,
  'graphql-malformed': 400,
  'graphql-too-long': 400,
  'graphql-too-deep': 400,
  'graphql-variables-too-deep': 400,
  'graphql-too-many-aliases': 400,
  'graphql-too-many-directives': 400,
  'graphql-too-many-fields': 400,
  'graphql-batch': 400,
  'graphql-page-size': 400,
  'graphql-introspection': 403,
  'cross-origin-upgrade': 403,
  'cross-site': 403,
  'origin-mismatch': 403,
  'origin-null': 403,
  'metadata-missing': 403,
  'token-missing': 403,
  'token-bad': 403,
  'resource-isolation': 403,
  // Not 426: that asks the client to upgrade, and this one did.
  'upgrade-unsupported': 501,
  'rate-limited': 429,
  'config-invalid': 503,
  'session-unreadable': 503,
  'session-conflict': 409,
  'store-unavailable': 503,
  'token-unavailable': 503,
  maintenance: 503,
  'upstream-timeout': 504,
  'upstream-unreachable': 502,
  'upstream-paused': 503,
  'upstream-loop': 508,
  fault: 500,
})

/**
 * Returns the status of a reason; 500 for a reason of a newer version of this package.
 *
 * @example
 * reasonStatus('rate-limited') // 429
 */
export function reasonStatus(reason: Reason): number {
  return reasons[reason]?.status ?? 500
}

function mapAnswers(statuses: Record<Reason, number>): Readonly<Record<Reason, StatusText>> {
  const made = Object.create(null) as Record<Reason, StatusText>
  for (const [reason, status] of Object.entries(statuses))
    made[reason as Reason] = findStatusText(status)
  return made
}
