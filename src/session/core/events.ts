/** What the session room tells of itself: dashed names, digests for ids, never a cookie. */
import { encodeBase64url } from '../../crypto/base64url.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { CookieJar, EventType } from '../../types.ts'
import type { SessionSettings } from './settings.ts'

/**
 * The session's id as it is shown and logged: an HMAC under a key of its own, so that neither the cookie nor the key of
 * a stored row can be told from it.
 */
export async function idDigest(ring: KeyRing, id: string): Promise<string> {
  return encodeBase64url((await ring.mac('session-id', id)).subarray(0, 16))
}

/** Emits an event about a session, if anybody listens; only then is its digest worked out. */
export async function emitAbout<Data>(
  settings: SessionSettings<Data>,
  ring: KeyRing,
  type: EventType,
  id: string,
  reason?: string,
): Promise<void> {
  if (settings.emit === undefined) return
  settings.emit({
    type,
    session: await idDigest(ring, id),
    ...(reason !== undefined && { reason }),
  })
}

const warned = new WeakSet<object>()

/** Says once that a browser will drop the cookie: Secure, over plain http, on a name that is not this machine's. */
export function warnPlainHttp<Data>(settings: SessionSettings<Data>, jar: CookieJar): void {
  const { emit, cookie } = settings
  if (emit === undefined || !cookie.attributes.secure || warned.has(settings)) return
  if (
    !jar.url?.startsWith('http://') ||
    /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?]|$)/.test(jar.url)
  )
    return
  warned.add(settings)
  emit({ type: 'secure-cookie-on-plain-http', subject: cookie.name })
}
