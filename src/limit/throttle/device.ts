/**
 * Recognizes devices that signed in to an account before, by a sealed cookie. For the login
 * throttle, `counters.ts` opens the cookie of a request, and `engine.ts` creates a new one after a
 * success. A cookie that does not open, because it was forged, has expired or is under an unlisted
 * secret, counts as no device and is no error. At most 3 cookies of the name are tried, and at most
 * 5 accounts are remembered for a device.
 */
import { type CookieSettings, serializeCookie } from '../../cookie/index.ts'
import { randomId } from '../../crypto/index.ts'
import type { OutgoingCookie } from '../../types.ts'
import type { ThrottleKeys } from './keys.ts'

/**
 * A device, and the accounts that signed in on it, each with the moment in seconds, latest first.
 */
interface DeviceRecord {
  readonly id: string
  readonly accounts: ReadonlyArray<readonly [tag: string, signedInAt: number]>
}

/**
 * The most accounts of a device, enough for a family's computer. The cookie of a device with more
 * remembers the latest ones.
 */
const maxAccounts = 5

/**
 * The most cookies of a request that are tried: a sibling host may have set others of the same
 * name.
 */
const maxTried = 3

/**
 * Opens the device cookies of a request and returns the device of the first that opens, or
 * undefined.
 */
export async function openDevice(
  values: readonly string[],
  keys: ThrottleKeys,
): Promise<DeviceRecord | undefined> {
  for (const value of values.slice(0, maxTried)) {
    const text = await keys.seal.open(value)
    if (typeof text === 'string') return JSON.parse(text) as DeviceRecord
  }
  return undefined
}

/** Reports whether the account signed in on the device at most `maxAge` seconds ago. */
export function isKnownFor(
  device: DeviceRecord,
  tags: readonly string[],
  maxAge: number,
  nowMs: number,
): boolean {
  return device.accounts.some(
    ([tag, signedInAt]) => tags.includes(tag) && nowMs < (signedInAt + maxAge) * 1000,
  )
}

/**
 * Creates the cookie of a device on which an account has just signed in. The other accounts of the
 * device stay.
 */
export async function deviceCookie(
  device: DeviceRecord | undefined,
  tags: readonly string[],
  {
    cookie,
    maxAge,
    keys,
    now,
  }: { cookie: CookieSettings; maxAge: number; keys: ThrottleKeys; now: number },
): Promise<OutgoingCookie> {
  const others = device?.accounts.filter(([tag]) => !tags.includes(tag)) ?? []
  const accounts = [[tags[0] ?? '', Math.floor(now / 1000)] as const, ...others].slice(
    0,
    maxAccounts,
  )
  const sealedText = await keys.seal.seal(
    JSON.stringify({ id: device?.id ?? randomId(), accounts } satisfies DeviceRecord),
  )

  return serializeCookie(cookie, sealedText, maxAge)
}

export type { DeviceRecord }
