/**
 * Creates and reads the short-lived cookie without which a bound session does not count: when its
 * device last proved itself, with a MAC. The device engine and its endpoints call it. A cookie
 * that is forged, old or of another session is rejected with a reason.
 */
import { expireCookie } from '../../cookie/serialize.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { DeviceSettings } from './settings.ts'

/** Why a bound session does not count. */
export type BoundRejection = 'not-bound' | 'bound-expired'

/**
 * How much longer than its Max-Age the cookie counts, in milliseconds: clocks differ, and requests
 * are under way.
 */
const graceMs = 60_000

/** The value of the cookie after a proof. */
export async function createBoundValue(
  ring: KeyRing,
  sid: string,
  provedAt: number,
): Promise<string> {
  const time = provedAt.toString(36)
  return `${time}.${encodeMac(await ring.mac('device-cookie', `${sid} ${time}`))}`
}

/**
 * When the device of a session proved itself, by the cookies that came; the newest where several
 * count.
 *
 * It costs one HMAC: older secrets are tried only where the first one did not make the cookie.
 *
 * @param lifetime - seconds
 */
export async function readBoundValues(
  ring: KeyRing,
  sid: string,
  values: readonly string[],
  { now, lifetime }: { readonly now: number; readonly lifetime: number },
): Promise<number | BoundRejection> {
  let result: number | BoundRejection = 'not-bound'
  for (const value of values) {
    const [, time = '', mac = ''] = shape.exec(value) ?? []
    const provedAt = Number.parseInt(time, 36)
    if (Number.isNaN(provedAt)) continue
    if (now - provedAt > lifetime * 1000 + graceMs || provedAt - now > graceMs) {
      if (result === 'not-bound') result = 'bound-expired'
      continue
    }
    if (await isMac(ring, `${sid} ${time}`, mac))
      result = typeof result === 'number' ? Math.max(result, provedAt) : provedAt
  }
  return result
}

const shape = /^([\da-z]{1,10})\.([\w-]{22})$/

async function isMac(ring: KeyRing, text: string, mac: string): Promise<boolean> {
  if (equalText(encodeMac(await ring.mac('device-cookie', text)), mac)) return true
  if (ring.size === 1) return false
  const macs = await ring.macs('device-cookie', text)
  return macs.some((candidate) => equalText(encodeMac(candidate), mac))
}

function encodeMac(mac: Uint8Array): string {
  return encodeBase64url(mac.subarray(0, 16))
}

/**
 * Takes the bound cookie of another session away. Browsers take any cookie of this name for the one
 * of their session, and would not refresh as long as it is there.
 */
export function expireBound(
  { cookie }: Pick<DeviceSettings, 'cookie'>,
  jar: CookieJar,
): readonly OutgoingCookie[] {
  return jar.read(cookie.name).length > 0 ? [expireCookie(cookie)] : []
}
