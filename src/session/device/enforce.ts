/**
 * Decides whether a loaded session is valid on the device of its request. The device engine calls it after
 * each load.
 *
 * A bound session without a valid bound cookie is treated as absent and blocks writes (`not-bound`), with
 * the event `session-rejected` and the reason. A session without a key passes unchanged. A record of a
 * device that cannot be read is rejected. It throws `ERR_CONFIG` only for an invalid secret in the
 * environment.
 */

import { expireCookie } from '../../cookie/serialize.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { CheckDevice, LoadResult } from '../core/engine.ts'
import { emitSessionEvent } from '../core/events.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import { isBound, readBinding } from './binding.ts'
import { type BoundRejection, readBoundValues } from './bound-cookie.ts'
import { createReloadPage, isForeignNavigation } from './http/reload.ts'
import { readSkipped } from './http/skipped.ts'
import type { DeviceSettings } from './settings.ts'

/** Creates the function for one strategy. */
export function createEnforcement<Data>(
  settings: SessionSettings<Data>,
  device: DeviceSettings,
): CheckDevice<Data> {
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
    // A link from another origin is reloaded and is no sign of theft, so its event has a reason of its own.
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
      // A cookie that is not valid is removed, because the browser does not refresh while it exists.
      ...(hasCookie && { cookies: [expire] }),
      device: {
        isSkipped: skipReason !== undefined,
        expire,
        // The page is offered only without the cookie: a browser does not send an expired one, so this one is not its
        // own.
        ...(isLink && !hasCookie && { reload: () => createReloadPage(jar.request?.url ?? '') }),
      },
    }
  }

  return (jar, session) => {
    const value = session.record?.device
    if (value === undefined) return session

    const binding = readBinding(value)
    // A record that cannot be read must not be weaker than one that can, so it is rejected.
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
