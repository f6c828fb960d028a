/**
 * The counters that a login attempt is held against: which keys they have, and how much each allows. `engine.ts` calls both
 * functions before it counts an attempt. Nothing here does I/O; a device cookie that does not open counts as no device.
 */
import { randomId } from '../../crypto/index.ts'
import { addressPrefix } from '../../request/index.ts'
import type { Account } from './account/account.ts'
import { type DeviceRecord, isKnownFor, openDevice } from './device.ts'
import type { LoginRequest } from './engine.ts'
import type { ThrottleSettings } from './options.ts'
import type { Counters, Daily, Streak } from './stores/store.ts'

/** The counter that makes a client wait. Clients never learn it. */
export type ThrottledBy = 'pair' | 'account' | 'device' | 'address' | 'network'

/** The counters of one attempt, and the name of each in the same order. */
export interface NamedCounters {
  readonly by: readonly ThrottledBy[]
  readonly all: Counters
}

const accountWaitMs = 60_000

/** How many times the limits of strangers a known device has, on its own count and over the day. */
const knownDeviceTimes = 2

/** Opens the device cookie of a request, and decides whether the device is known for the account. */
export async function identifyDevice(
  settings: ThrottleSettings,
  { env, account, cookies }: LoginRequest,
  nowMs: number,
): Promise<{ device?: DeviceRecord; isKnown: boolean }> {
  if (settings.device === undefined || account === undefined || cookies.length === 0)
    return { isKnown: false }

  const keys = settings.keys(env)
  const device = await openDevice(cookies, keys)
  if (device === undefined) return { isKnown: false }

  const tags = await keys.deviceTags(account.text)
  return { device, isKnown: isKnownFor(device, tags, settings.device.maxAge, nowMs) }
}

/** Creates the counters of an attempt. `device` is one that is known for the account; undefined for a stranger. */
export async function createCounters(
  settings: ThrottleSettings,
  loginRequest: LoginRequest,
  device: DeviceRecord | undefined,
): Promise<NamedCounters> {
  const { account } = loginRequest
  const { by, days } = await createDailyCounters(settings, loginRequest, device !== undefined)
  const ticket = `t:${randomId()}`
  if (account === undefined) return { by, all: { ticket, streaks: [], days } }

  if (device === undefined) {
    const streaks = await createStrangerStreaks(settings, loginRequest, account)
    return { by: ['pair', 'account', ...by], all: { ticket, streaks, days } }
  }

  const { limit, longestMs, slowAt } = settings
  const { counter } = settings.keys(loginRequest.env)
  const own: Streak = {
    key: await counter('k', device.id, account.text),
    free: knownDeviceTimes * limit,
    longest: longestMs,
  }
  const perAccount: Daily = {
    key: await counter('ka', account.key),
    most: knownDeviceTimes * slowAt,
  }

  return {
    by: ['device', ...by, 'account'],
    all: { ticket, streaks: [own], days: [...days, perAccount] },
  }
}

/** The counters of a day: of the address and, for IPv6, of its network. */
async function createDailyCounters(
  { keys, perAddress, perNetwork }: ThrottleSettings,
  { env, address }: LoginRequest,
  isKnown: boolean,
): Promise<{ by: ThrottledBy[]; days: Daily[] }> {
  const { counter } = keys(env)
  const [block, network] = [addressPrefix(address), addressPrefix(address, 48)]

  // Strangers wait at the simple limit, so what they do never makes a known device wait.
  const times = isKnown ? knownDeviceTimes : 1
  const addressDay: Daily = { key: await counter('d', block), most: times * perAddress }

  // Only a prefix of IPv6 has a length behind it.
  if (!network.includes('/')) return { by: ['address'], days: [addressDay] }

  const networkDay: Daily = { key: await counter('n', network), most: times * perNetwork }
  return { by: ['address', 'network'], days: [addressDay, networkDay] }
}

/** The streaks of a device that is not known: of its address on this account, and of the account. */
async function createStrangerStreaks(
  { keys, limit, longestMs, slowAt }: ThrottleSettings,
  { env, address }: LoginRequest,
  { key, text }: Account,
): Promise<Streak[]> {
  const { counter } = keys(env)
  const block = addressPrefix(address)

  return [
    {
      key: await counter('p', key, block),
      own: await counter('pt', key, block, text),
      free: limit,
      longest: longestMs,
    },
    {
      key: await counter('a', key),
      own: await counter('at', key, text),
      free: slowAt,
      longest: accountWaitMs,
    },
  ]
}
