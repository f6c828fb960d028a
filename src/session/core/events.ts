/**
 * Emits the events of sessions, with digests instead of ids and never with a cookie. Handles, both
 * engines, legacy imports, `end-marked.ts` and the device endpoints call it.
 *
 * Digests and user tags are HMACs of the first secret, so they change when the secrets rotate. Without
 * a listener none is computed and nothing is emitted. A listener that throws is handled in
 * `src/events.ts`. A secret that is missing in the environment throws `ERR_CONFIG`.
 */
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import { emitEvent, hasListener } from '../../events.ts'
import type { CookieJar, EventType, SecurityEvent } from '../../types.ts'
import type { SessionSettings } from './options/settings.ts'
import type { EndAllContext, EndedBy } from './types.ts'

/** Plain http URLs of this machine, for which browsers accept a Secure cookie. */
const LOCAL_HTTP = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?]|$)/

/**
 * Computes the digest of a session's id that is shown and logged: an HMAC under a key of its own, from which neither
 * the cookie nor the key of a stored row can be computed.
 */
export async function idDigest(ring: KeyRing, sessionId: string): Promise<string> {
  return encodeBase64url((await ring.mac('session-id', sessionId)).subarray(0, 16))
}

/** An event about one session. */
export interface SessionEvent<Data> {
  readonly type: EventType
  /** Id of the session, or key of its row. Only its digest is emitted. */
  readonly id: string
  readonly reason?: string
  /** Data of the session, for the tag of its user; undefined where it was not loaded. */
  readonly data?: Data | undefined
  /** The actor as {@link describeActor} describes it, where it was not the user. */
  readonly actor?: ActorFields
}

/** The fields of an event that name the actor. */
export type ActorFields = Pick<SecurityEvent, 'actor' | 'actorUser'>

/** Emits an event of the session module. */
export function emitSessionEvent<Data>(
  { emit }: Pick<SessionSettings<Data>, 'emit'>,
  cookieJar: Pick<CookieJar, 'context'>,
  event: SecurityEvent,
): void {
  emitEvent(emit, event, cookieJar.context)
}

/** Emits an event about a session. The digest and the tag are computed only if there is a listener. */
export async function emitAbout<Data>(
  settings: SessionSettings<Data>,
  cookieJar: Pick<CookieJar, 'env' | 'context'>,
  { type, id, reason, data, actor }: SessionEvent<Data>,
): Promise<void> {
  if (!hasListener(settings.emit, cookieJar.context)) return

  const { ring } = settings.keys(cookieJar.env)
  const userId = data === undefined ? undefined : settings.user?.(data)
  const session = await idDigest(ring, id)
  const userTag = userId === undefined ? undefined : await createAuditTag(ring, userId)
  emitSessionEvent(settings, cookieJar, {
    type,
    session,
    ...(userTag !== undefined && { user: userTag }),
    ...(reason !== undefined && { reason }),
    ...actor,
  })
}

/** Emits `sessions-ended` for a user whose sessions were all ended. */
export async function emitAllEnded<Data>(
  settings: SessionSettings<Data>,
  { env, context, by }: EndAllContext,
  userId: string,
  reason: 'all' | 'all-others',
): Promise<void> {
  if (!hasListener(settings.emit, context)) return

  const { ring } = settings.keys(env)
  emitSessionEvent(settings, context === undefined ? {} : { context }, {
    type: 'sessions-ended',
    reason,
    user: await createAuditTag(ring, userId),
    ...(await describeActor(ring, by)),
  })
}

/** Describes the actor of an event: with a tag of the user, if there is one. */
export async function describeActor(ring: KeyRing, by: EndedBy | undefined): Promise<ActorFields> {
  if (by === undefined) return {}
  const { actor, user } = by
  return user === undefined ? { actor } : { actor, actorUser: await createAuditTag(ring, user) }
}

/** Computes the tag of a user in events and audit records: an HMAC under a key of its own. */
export async function createAuditTag(ring: KeyRing, userId: string): Promise<string> {
  return encodeBase64url((await ring.mac('audit-user', userId)).subarray(0, 16))
}

const warnedSettings = new WeakSet<object>()

/**
 * Warns once that a browser will drop the cookie, which is Secure: the request came over plain http from another host.
 */
export function warnPlainHttp<Data>(settings: SessionSettings<Data>, cookieJar: CookieJar): void {
  const { emit, cookie } = settings
  if (emit === undefined || !cookie.attributes.secure || warnedSettings.has(settings)) return
  const url = cookieJar.request?.url
  if (!url?.startsWith('http://') || LOCAL_HTTP.test(url)) return

  warnedSettings.add(settings)
  emit({ type: 'secure-cookie-on-plain-http', subject: cookie.name })
}
