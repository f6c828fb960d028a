/**
 * Recognises devices that signed in to an account before, by a sealed cookie. `counters.ts` opens
 * the cookie, and `engine.ts` renews it after a success. A cookie that does not open counts as no
 * device.
 */
import { type CookieSettings, serializeCookie } from '../../cookie/index.ts'
import { randomId } from '../../crypto/index.ts'
import type { OutgoingCookie } from '../../types.ts'
import type { ThrottleKeys } from './keys.ts'

/** A device, and the accounts that were signed in to on it, with the moment in seconds; the last one first. */
interface DeviceRecord {
  readonly id: string
  readonly accounts: ReadonlyArray<readonly [tag: string, at: number]>
}

/** A family's computer; more is a shared one, on which the last ones are known. */
const mostAccounts = 5

/** Cookies of a request that are tried: a sibling host may have planted some besides ours. */
const mostTried = 3

/** The device that a request's cookies tell of; the first of them that opens. */
export async function openDevice(
  values: readonly string[],
  keys: ThrottleKeys,
): Promise<DeviceRecord | undefined> {
  for (const value of values.slice(0, mostTried)) {
    const text = await keys.seal.open(value)
    if (typeof text === 'string') return JSON.parse(text) as DeviceRecord
  }
  return undefined
}

/** Whether a device signed in to the account at most `maxAge` seconds ago. */
export function isKnownFor(
  device: DeviceRecord,
  tags: readonly string[],
  maxAge: number,
  nowMs: number,
): boolean {
  return device.accounts.some(
    ([tag, index]) => tags.includes(tag) && nowMs < (index + maxAge) * 1000,
  )
}

/** The cookie of a device that has just signed in. The rest of its accounts stay. */
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
    mostAccounts,
  )
  const sealed = await keys.seal.seal(
    JSON.stringify({ id: device?.id ?? randomId(), accounts } satisfies DeviceRecord),
  )

  return serializeCookie(cookie, sealed, maxAge)
}

export type { DeviceRecord }
