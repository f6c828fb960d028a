/**
 * Defines the status of every reason for which a request is rejected or fails, and the words that
 * the client receives. Error responses, GraphQL errors, log lines and audit records read it.
 * Reasons with the same status have the same words, so that a client cannot learn which check
 * rejected its request. `reasonStatus` returns 500 for a reason that it does not know; nothing is
 * thrown.
 */
import type { Reason } from '../types.ts'
import { findStatusText, type StatusText } from './statuses.ts'

/**
 * The status and words of each reason. A missing role reads like any other 403, and a route that
 * does not exist like a page that does not. A new reason without an entry does not compile.
 */
export const reasons: Readonly<Record<Reason, StatusText>> = /* @__PURE__ */ mapStatuses({
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
  // The browser could not reach the refresh of its session, or cannot sign at the moment. Signing
  // in again would not help.
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
  // It is not 426, which asks the client to upgrade, since this client did.
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

function mapStatuses(statuses: Record<Reason, number>): Readonly<Record<Reason, StatusText>> {
  const texts = Object.create(null) as Record<Reason, StatusText>
  for (const [reason, status] of Object.entries(statuses))
    texts[reason as Reason] = findStatusText(status)
  return texts
}
