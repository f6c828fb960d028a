/**
 * Turns a security event into an audit record: who did what, to which session, from where, and with
 * which outcome. The audit trail calls it for each event, and sinks receive the record. It is pure
 * and throws nothing. Events that are about the gateway's own health, such as a breaker that opens,
 * give undefined; so does a type of event that is missing in the table below.
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

/** One audit record: a flat object, for any reader of JSON. Members that are unknown are absent. */
export interface AuditRecord {
  /** Always `audit`, which distinguishes records from request lines and events. */
  readonly event: 'audit'
  /** When it happened, ISO 8601 in UTC. */
  readonly time: string
  /** The action that happened. */
  readonly action: AuditAction
  /** How it ended. */
  readonly outcome: AuditOutcome
  /** The event behind it, such as `session-ended`. */
  readonly type: EventType
  /** The reason, as a lower-case word with dashes. */
  readonly reason?: string
  /**
   * A keyed digest of the user's id: the same user has the same tag, and nothing else can be
   * learned from it.
   */
  readonly user?: string
  /**
   * The party that acted, where it was not the user: an upstream's response, the identity provider,
   * an administrator.
   */
  readonly actor?: Actor
  /** The tag of the administrator who acted. */
  readonly actorUser?: string
  /** The digest of the session's id, the same as in request lines, events and lists. */
  readonly session?: string
  /** The request's id, which error pages show. */
  readonly requestId?: string
  /** The client's network: the /24 of an IPv4 address, the /48 of an IPv6 address. */
  readonly client?: string
  /** Browser and major version, such as `Chrome 140`. */
  readonly browser?: string
  /** Operating system, such as `Windows 10`. */
  readonly system?: string
  /** `desktop`, `mobile`, `tablet`, `tv` or `bot`. */
  readonly deviceKind?: string
  /** The ISO 3166-1 code of the country, if the platform reports one. */
  readonly country?: string
  /** The name of the route, upstream, provider or option, or `portcullis sessions` for the command. */
  readonly subject?: string
}

/** The known facts about the request of an event. */
export interface AuditedRequest {
  readonly requestId?: string | undefined
  /** The client's network, as `truncateAddress` returns it. */
  readonly client?: string | undefined
  readonly browser?: string | undefined
  readonly system?: string | undefined
  readonly deviceKind?: string | undefined
  readonly country?: string | undefined
}

type EventDescription = readonly [action: AuditAction, outcome: AuditOutcome]

/**
 * The action and usual outcome of each event that gives a record. Other events are about the
 * gateway's own health, not about an action.
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
  // As in the request's line, an error of the gateway or of a provider is a failure and not a
  // denial.
  const isRejection = usualOutcome === 'denied' && (action === 'request' || action === 'access')
  const isFault = isRejection
    ? reasonStatus(reason as Reason) >= 500
    : action === 'token-reject' && reason?.startsWith('provider-') === true
  const outcome = isFault ? 'failed' : usualOutcome

  // JSON.stringify omits members that are undefined.
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
