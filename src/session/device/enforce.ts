/**
 * Decides whether a loaded session counts on the device of its request. The device engine calls it
 * after each load. A session without proof is treated as absent, with an event that names the
 * reason.
 */

import { expireCookie } from '../../cookie/serialize.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { LoadResult } from '../core/engine.ts'
import { emitSessionEvent } from '../core/events.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { isBound, readBinding } from './binding.ts'
import { type BoundRejection, readBoundValues } from './bound-cookie.ts'
import { createReloadPage, isForeignNavigation } from './http/reload.ts'
import { readSkipped } from './http/skipped.ts'
import type { DeviceSettings } from './settings.ts'

/**
 * The loaded session as this request may use it. A session without a key passes as it is, at no
 * cost.
 */
export type EnforceBinding<Data> = (
  jar: CookieJar,
  session: LoadResult<Data>,
) => Promise<LoadResult<Data>> | LoadResult<Data>

/** Makes the decision for one strategy. */
export function createEnforcement<Data>(
  settings: SessionSettings<Data>,
  device: DeviceSettings,
): EnforceBinding<Data> {
  const { clock, cookie, keys } = settings
  const expire: OutgoingCookie = expireCookie(device.cookie)

  function reject(
    jar: CookieJar,
    { location }: LoadResult<Data>,
    rejection: BoundRejection,
    sid: string,
  ): LoadResult<Data> {
    const headers = jar.request?.headers

    const skipReason = readSkipped(headers?.get('secure-session-skipped'), sid)
    const hasCookie = jar.read(device.cookie.name).length > 0
    // A link from elsewhere is begun again and is no sign of a theft: it has a word of its own.
    const isLink = headers !== undefined && isForeignNavigation(headers)
    emitSessionEvent(settings, jar, {
      type: 'session-rejected',
      reason: isLink ? 'not-bound-navigation' : rejection,
      subject: cookie.name,
      ...(skipReason !== undefined && { skipped: skipReason }),
    })

    return {
      record: undefined,
      block: 'not-bound',
      ...(location && { location }),
      // A cookie that does not count would keep the browser from a refresh for as long as it is there.
      ...(hasCookie && { cookies: [expire] }),
      device: {
        isSkipped: skipReason !== undefined,
        expire,
        // Browsers send no cookie that has expired: one that came was not theirs.
        ...(isLink && !hasCookie && { reload: () => createReloadPage(jar.request?.url ?? '') }),
      },
    }
  }

  return (jar, session) => {
    const value = session.record?.device
    if (value === undefined) return session

    const binding = readBinding(value)
    // A record that is not understood is not weaker than one that is.
    if (binding === undefined) return reject(jar, session, 'not-bound', '')
    if (!isBound(binding)) return session

    const { sid } = binding
    const span = { now: clock(), lifetime: device.lifetime }
    return readBoundValues(keys(jar.env).ring, sid, jar.read(device.cookie.name), span).then(
      (proof) =>
        typeof proof === 'number'
          ? { ...session, device: { provedAt: proof, expire } }
          : reject(jar, session, proof, sid),
    )
  }
}
