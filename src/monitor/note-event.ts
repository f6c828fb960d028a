/**
 * Records an event in the metrics of its request: the reason of a rejection, or the session that a
 * login has started. The gateway and `portcullis()` call it for each event. It only changes the
 * metrics.
 */
import type { EventType, SecurityEvent } from '../types.ts'
import type { RequestMetrics } from './line.ts'

/** Events that reject a request for their own reason. */
const rejections: ReadonlySet<EventType> = new Set<EventType>([
  'access-refused',
  'csrf-refused',
  'graphql-refused',
  // A login answers with a page of its own, for a reason of its own.
  'login-failed',
  'request-refused',
])

/** Notes the reason of a rejection or of a failed login, and the session that a login has started. */
export function noteEvent(metrics: RequestMetrics, event: SecurityEvent): void {
  const { type, reason, session } = event
  if (rejections.has(type) && reason !== undefined) metrics.reason ??= reason
  if (type === 'login-throttled') metrics.reason ??= 'rate-limited'
  if (type === 'session-created' && session !== undefined) metrics.session = session
}
