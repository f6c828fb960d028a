/**
 * Creates one audit record of an event: who did what to which session, from where, and how it
 * ended. `trail.ts` calls it for each event. It is pure; an event that needs no record gives
 * undefined.
 */
import { reasonStatus } from '../../page/reasons.ts'
import type { EventType, Reason, SecurityEvent } from '../../types.ts'

/** The party that acted. */
export type Actor = 'origin' | 'provider' | 'administrator' | 'system'

/** The action of a record. */
export type AuditAction =
  | 'login'
  | 'login-start'
  | 'session-start'
  | 'session-import'
  | 'session-reject'
  | 'session-end'
  | 'session-end-all'
  | 'session-change'
  | 'token-reject'
  | 'logout'
  | 'access'
  | 'request'
  | 'device-bind'
  | 'device-proof'

/** How it ended. */
export type AuditOutcome = 'success' | 'denied' | 'failed'

/** One record, flat, for whatever takes JSON apart. Members that are not known are absent. */
export interface AuditRecord {
  /** Always the same word, to tell records from lines of requests and from events. */
  readonly event: 'audit'
  /** When it happened, ISO 8601 in UTC. */
  readonly time: string
  /** The action that happened. */
  readonly action: AuditAction
  /** How it ended. */
  readonly outcome: AuditOutcome
  /** The event behind it, such as `session-ended`. */
  readonly type: EventType
  /** Why, as a dashed word. */
  readonly reason?: string
  /** A keyed tag of the user: the same user has the same tag, and nothing else can be learned from it. */
  readonly user?: string
  /**
   * The party that acted, where it was not the user: an upstream's response, the identity provider,
   * an administrator.
   */
  readonly actor?: Actor
  /** The administrator's tag, where one acted. */
  readonly actorUser?: string
  /** Digest of the session's id: the one in lines, events and lists. */
  readonly session?: string
  /** The id that the client was shown. */
  readonly requestId?: string
  /** The client's address, cut to its /24 or /48. */
  readonly client?: string
  /** Browser and major version, such as `Chrome 140`. */
  readonly browser?: string
  /** Operating system, such as `Windows 10`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly deviceKind?: string
  /** ISO 3166-1 code of the country, where the platform tells. */
  readonly country?: string
  /** Name of the route, upstream, provider or option that it is about. */
  readonly subject?: string
}

/** The request behind an event, as far as it is known. */
export interface AuditedRequest {
  readonly requestId?: string | undefined
  /** Cut already. */
  readonly client?: string | undefined
  readonly browser?: string | undefined
  readonly system?: string | undefined
  readonly deviceKind?: string | undefined
  readonly country?: string | undefined
}

type EventDescription = readonly [action: AuditAction, outcome: AuditOutcome]

/**
 * Events that are worth a record. The others are about the gateway's own health, not about an
 * action.
 */
const descriptions: Partial<Record<EventType, EventDescription>> = {
  'access-observed': ['access', 'success'],
  'access-refused': ['access', 'denied'],
  'account-pressure': ['login', 'failed'],
  'backchannel-logout': ['logout', 'success'],
  'backchannel-logout-refused': ['logout', 'denied'],
  'bearer-refused': ['token-reject', 'denied'],
  'csrf-refused': ['request', 'denied'],
  'graphql-refused': ['request', 'denied'],
  'login-failed': ['login', 'failed'],
  'login-revoked': ['session-end', 'success'],
  'login-started': ['login-start', 'success'],
  'login-succeeded': ['login', 'success'],
  'login-throttled': ['login', 'denied'],
  'login-unsettled': ['login', 'failed'],
  logout: ['logout', 'success'],
  'logout-local-only': ['logout', 'success'],
  'request-refused': ['request', 'denied'],
  'session-bind-refused': ['device-bind', 'denied'],
  'session-bound': ['device-bind', 'success'],
  'session-created': ['session-start', 'success'],
  'session-end-incomplete': ['session-end', 'failed'],
  'session-ended': ['session-end', 'success'],
  'session-header-refused': ['session-change', 'denied'],
  'session-imported': ['session-import', 'success'],
  'session-refresh-failed': ['device-proof', 'failed'],
  'session-refresh-refused': ['device-proof', 'denied'],
  'session-rejected': ['session-reject', 'denied'],
  'session-write-dropped': ['session-change', 'failed'],
  'sessions-ended': ['session-end-all', 'success'],
}

/** Creates the record of an event; undefined for an event that needs no record. */
export function createAuditRecord(
  event: SecurityEvent,
  request: AuditedRequest,
  now: number,
): AuditRecord | undefined {
  const description = descriptions[event.type]
  if (description === undefined) return undefined
  const [action, usualOutcome] = description
  const { type, reason, user, actor, actorUser, session, subject } = event
  // As in the line of the request: a failure of the gateway, or of a provider, is not a denial.
  const isRejection = usualOutcome === 'denied' && (action === 'request' || action === 'access')
  const isFault = isRejection
    ? reasonStatus(reason as Reason) >= 500
    : action === 'token-reject' && reason?.startsWith('provider-') === true
  const outcome = isFault ? 'failed' : usualOutcome

  // JSON leaves out what is undefined.
  return {
    event: 'audit',
    time: new Date(now).toISOString(),
    action,
    outcome,
    type,
    reason,
    user,
    actor,
    actorUser,
    session,
    requestId: event.request ?? request.requestId,
    client: request.client,
    browser: request.browser,
    system: request.system,
    deviceKind: request.deviceKind,
    country: request.country,
    subject,
  } as AuditRecord
}
