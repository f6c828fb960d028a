/**
 * Determines the counters of a login attempt: under which keys it is counted, and how many failures
 * each counter allows. The throttle's engine calls both functions before it counts an attempt.
 * Nothing here calls the store. They reject with `ERR_CONFIG` where the secret of the environment
 * is invalid. A device cookie that does not open counts as no device.
 */
import { randomId } from '../../crypto/index.ts'
import { addressPrefix } from '../../request/index.ts'
import type { Account } from './account/account.ts'
import { type DeviceRecord, isKnownFor, openDevice } from './device.ts'
import type { LoginRequest } from './engine.ts'
import type { ThrottleSettings } from './options.ts'
import type { Counters, Daily, Streak } from './stores/store.ts'

/** The counter that denied an attempt. Events name it, responses do not. */
export type ThrottledBy = 'pair' | 'account' | 'device' | 'address' | 'network'

/** The counters of one attempt, and the kind of each in the same order. */
export interface NamedCounters {
  readonly by: readonly ThrottledBy[]
  readonly all: Counters
}

/** The longest wait by the count of an account, in ms. */
const accountWaitMs = 60_000

/** The factor by which the limits of a known device are higher than those of strangers. */
const knownDeviceFactor = 2

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

/** Creates the counters of an attempt. `device` is undefined unless it is known for the account. */
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
  const deviceStreak: Streak = {
    key: await counter('k', device.id, account.text),
    free: knownDeviceFactor * limit,
    longest: longestMs,
  }
  const perAccount: Daily = {
    key: await counter('ka', account.key),
    most: knownDeviceFactor * slowAt,
  }

  return {
    by: ['device', ...by, 'account'],
    all: { ticket, streaks: [deviceStreak], days: [...days, perAccount] },
  }
}

/** Creates the counters of a day: of the address and, for IPv6, of its network. */
async function createDailyCounters(
  { keys, perAddress, perNetwork }: ThrottleSettings,
  { env, address }: LoginRequest,
  isKnown: boolean,
): Promise<{ by: ThrottledBy[]; days: Daily[] }> {
  const { counter } = keys(env)
  const [block, network] = [addressPrefix(address), addressPrefix(address, 48)]

  // Strangers are denied at the simple limit, so their failures never make a known device wait.
  const factor = isKnown ? knownDeviceFactor : 1
  const addressDay: Daily = { key: await counter('d', block), most: factor * perAddress }

  // Only an IPv6 network is written with a slash and a prefix length.
  if (!network.includes('/')) return { by: ['address'], days: [addressDay] }

  const networkDay: Daily = { key: await counter('n', network), most: factor * perNetwork }
  return { by: ['address', 'network'], days: [addressDay, networkDay] }
}

/**
 * Creates the streaks of a device that is not known: one of its address on this account, and one of
 * the account.
 */
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
