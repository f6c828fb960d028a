/**
 * Creates and reads the bound cookie: a short-lived cookie with the time of the device's last proof and a MAC,
 * without which a bound session is not valid. `enforce.ts` reads it, `refresh.ts` creates it after a
 * proof, and the engine and `register.ts` expire it.
 *
 * A cookie that is forged or of another session reads as `not-bound`, and one that is too old as
 * `bound-expired`; nothing throws for what a client sent. A copy of the cookie works elsewhere until it
 * expires.
 */
import { expireCookie } from '../../cookie/serialize.ts'
import { encodeBase64url } from '../../crypto/base64url.ts'
import { equalText } from '../../crypto/equal.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { DeviceSettings } from './settings.ts'

/** The reason why a bound session is not valid for a request. */
export type BoundRejection = 'not-bound' | 'bound-expired'

/**
 * Milliseconds for which the cookie is accepted after its Max-Age, since clocks differ and requests
 * take time.
 */
const graceMs = 60_000

/** Creates the value of the cookie after a proof. */
export async function createBoundValue(
  ring: KeyRing,
  sid: string,
  provedAt: number,
): Promise<string> {
  const time = provedAt.toString(36)
  return `${time}.${encodeMac(await ring.mac('device-cookie', `${sid} ${time}`))}`
}

/**
 * Reads when the device of a session last proved itself, from the request's bound cookies; the
 * newest if several are valid.
 *
 * It costs one HMAC, since older secrets are tried only if the first one did not match.
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
 * Returns a cookie that removes the bound cookie of another session. A browser would mistake that cookie for the one of
 * its new session, and would not refresh while it exists.
 */
export function expireBound(
  { cookie }: Pick<DeviceSettings, 'cookie'>,
  jar: CookieJar,
): readonly OutgoingCookie[] {
  return jar.read(cookie.name).length > 0 ? [expireCookie(cookie)] : []
}
