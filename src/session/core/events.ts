/** Emits the events of sessions. Events hold digests instead of ids, and never a cookie. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { CookieJar, EventType } from '../../types.ts'
import type { SessionSettings } from './settings.ts'

/** Plain http on this machine itself, where browsers accept a Secure cookie. */
const LOCAL_HTTP = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?]|$)/

/**
 * Computes the session's id as it is shown and logged: an HMAC under a key of its own, so that nobody can compute the
 * cookie or the key of a stored row from it.
 */
export async function idDigest(ring: KeyRing, id: string): Promise<string> {
  return encodeBase64url((await ring.mac('session-id', id)).subarray(0, 16))
}

/** An event about one session. */
export interface SessionEvent {
  readonly type: EventType
  /** Id of the session, or key of its row. Only its digest is emitted. */
  readonly id: string
  readonly reason?: string
}

/** Emits an event about a session. The digest is computed only if there is a listener. */
export async function emitAbout<Data>(
  { emit, keys }: SessionSettings<Data>,
  env: unknown,
  { type, id, reason }: SessionEvent,
): Promise<void> {
  if (emit === undefined) return

  const session = await idDigest(keys(env).ring, id)
  emit({ type, session, ...(reason !== undefined && { reason }) })
}

const warnedSettings = new WeakSet<object>()

/** Warns once that a browser will drop the cookie, which is Secure: the request came over plain http from another host. */
export function warnPlainHttp<Data>(settings: SessionSettings<Data>, jar: CookieJar): void {
  const { emit, cookie } = settings
  if (emit === undefined || !cookie.attributes.secure || warnedSettings.has(settings)) return
  if (!jar.url?.startsWith('http://') || LOCAL_HTTP.test(jar.url)) return

  warnedSettings.add(settings)
  emit({ type: 'secure-cookie-on-plain-http', subject: cookie.name })
}
