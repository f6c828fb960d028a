/**
 * Copies two facts of a security event into the metrics of its request, for the log line: the
 * reason of a rejection, and the digest of a session that a login has started. The gateway's and
 * `portcullis()`'s event handlers call it for each event of a request. The first reason stays,
 * later ones are ignored. Events of other types change nothing, and it throws nothing.
 */
import type { EventType, SecurityEvent } from '../types.ts'
import type { RequestMetrics } from './line.ts'

/** Events that reject a request and have the reason for it. */
const rejections: ReadonlySet<EventType> = new Set<EventType>([
  'access-refused',
  'csrf-refused',
  'graphql-refused',
  // A failed login has its own page, and one of the reasons of a login.
  'login-failed',
  'request-refused',
])

/**
 * Records the reason of a rejection or of a failed login, and the session that a login has started.
 */
export function noteEvent(metrics: RequestMetrics, event: SecurityEvent): void {
  const { type, reason, session } = event
  if (rejections.has(type) && reason !== undefined) metrics.reason ??= reason
  if (type === 'login-throttled') metrics.reason ??= 'rate-limited'
  if (type === 'session-created' && session !== undefined) metrics.session = session
}
