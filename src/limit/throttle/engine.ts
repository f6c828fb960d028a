/** The throttle: which counters a try is held against, and what its outcome does to them. */

import { randomId } from '../../crypto/index.ts'
import { isPortcullisError } from '../../errors.ts'
import { emitEvent } from '../../events.ts'
import { addressPrefix } from '../../request/index.ts'
import type { Clock, Emit, EventType, OutgoingCookie } from '../../types.ts'
import type { Account } from './account/account.ts'
import { type DeviceRecord, deviceCookie, isKnownFor, openDevice } from './device.ts'
import type { ThrottleSettings } from './options.ts'
import type { AttemptReply, Counters, Daily, Streak } from './stores/store.ts'

/** The client and the account of a login attempt. */
export interface LoginRequest {
  readonly env: unknown
  /** From `createAccount`; undefined where a request names none, which is charged to its address. */
  readonly account: Account | undefined
  /** The address of the client, or undefined where nobody vouches for one: those share one count. */
  readonly address: string | undefined
  /** Values of the device cookie, if the request has any. */
  readonly cookies: readonly string[]
  /** For events: the request, and the route or whatever names this login. */
  readonly request?: string | undefined
  /** By this object events find the listener of the request. */
  readonly context?: object | undefined
  readonly subject?: string | undefined
}

/** The counter that makes a client wait. Clients never learn it. */
export type ThrottledBy = 'pair' | 'account' | 'device' | 'address' | 'network'

/** A try that may be made, counted as failed until it is settled. */
export interface LoginAttempt {
  /** Failures in a row on the account, of unknown devices, where they are many. For the origin: it may ask for more. */
  readonly pressure: number | undefined
  /** Success is certain: what else the request asks Redis, before {@link settle} is called, takes the word along. */
  prepare(): void
  /**
   * Settles it; only the first call does anything. `failure` asks nobody: it is counted already. `success` returns the cookie
   * by which this device is known from now on. A store that is down leaves it counted, with an event.
   */
  settle(outcome: 'success' | 'failure' | 'void'): Promise<OutgoingCookie | undefined>
}

/** Whether it may be tried, and if not, after how many seconds. */
export type BeginResult =
  | { readonly ok: true; readonly attempt: LoginAttempt }
  | { readonly ok: false; readonly retryAfter: number; readonly by: ThrottledBy }

/** The throttle of one configuration. */
export interface ThrottleEngine {
  /** Name of the device cookie; undefined where no device is known. */
  readonly cookieName: string | undefined
  /** Judges what the environment holds. @throws {ConfigError} */
  check(env: unknown): void
  /**
   * Counts a try, or refuses it: before the password is looked at, so that tries at the same time cannot pass together.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED`: nothing may be tried.
   */
  begin(loginRequest: LoginRequest): Promise<BeginResult>
}

const accountWaitMs = 60_000
/** How many times the limits of strangers a known device has, on its own count and over the day. */
const knownDeviceTimes = 2

/** The handle of an attempt that was allowed though it would have been refused: nothing was counted, nothing is settled. */
const uncounted: LoginAttempt = { pressure: undefined, prepare() {}, settle: async () => undefined }

/** Whether something thrown says that the store could not be asked, or refused. */
export function isStoreError(error: unknown): boolean {
  return (
    isPortcullisError(error, 'ERR_STORE_UNAVAILABLE') ||
    isPortcullisError(error, 'ERR_STORE_REFUSED')
  )
}

/** Makes the throttle of options that were judged. */
export function createThrottleEngine(
  settings: ThrottleSettings,
  clock: Clock,
  emit: Emit,
): ThrottleEngine {
  const { store, limit, longestMs, pressureAt, slowAt, observing } = settings
  const known = settings.device

  async function identifyDevice(
    { env, account, cookies }: LoginRequest,
    nowMs: number,
  ): Promise<{ device?: DeviceRecord; known: boolean }> {
    if (known === undefined || account === undefined || cookies.length === 0)
      return { known: false }

    const keys = settings.keys(env)
    const device = await openDevice(cookies, keys)
    if (device === undefined) return { known: false }

    return {
      device,
      known: isKnownFor(device, await keys.deviceTags(account.text), known.maxAge, nowMs),
    }
  }

  async function createCounters(
    loginRequest: LoginRequest,
    device: DeviceRecord | undefined,
  ): Promise<{ by: ThrottledBy[]; all: Counters }> {
    const { counter } = settings.keys(loginRequest.env)
    const { account } = loginRequest
    const [block, network] = [
      addressPrefix(loginRequest.address),
      addressPrefix(loginRequest.address, 48),
    ]

    // Strangers are held up at the simple limit, so what they do never holds up a device that is known.
    const times = device === undefined ? 1 : knownDeviceTimes
    const by: ThrottledBy[] = ['address']
    const days: Daily[] = [{ key: await counter('d', block), most: times * settings.perAddress }]

    // Only IPv6 has a length behind it.
    if (network.includes('/')) {
      by.push('network')
      days.push({ key: await counter('n', network), most: times * settings.perNetwork })
    }

    const ticket = `t:${randomId()}`
    if (account === undefined) return { by, all: { ticket, streaks: [], days } }

    const { key, text } = account
    if (device !== undefined) {
      const own: Streak = {
        key: await counter('k', device.id, text),
        free: times * limit,
        longest: longestMs,
      }

      days.push({ key: await counter('ka', key), most: times * slowAt })
      return { by: ['device', ...by, 'account'], all: { ticket, streaks: [own], days } }
    }

    const streaks: Streak[] = [
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

    return { by: ['pair', 'account', ...by], all: { ticket, streaks, days } }
  }

  function emitAbout(type: EventType, loginRequest: LoginRequest, reason?: string): void {
    const { request, subject } = loginRequest
    const event = {
      type,
      ...(reason !== undefined && { reason }),
      ...(request !== undefined && { request }),
      ...(subject !== undefined && { subject }),
    }
    emitEvent(emit, event, loginRequest.context)
  }

  function findPressure(
    failures: number | undefined,
    loginRequest: LoginRequest,
  ): number | undefined {
    if (failures === undefined || failures < pressureAt) return undefined
    // Told at ten, a hundred, a thousand: an attack must not fill the log.
    if (Number.isInteger(Math.log10(failures / pressureAt)))
      emitAbout('account-pressure', loginRequest, `${failures}-failures`)
    return failures
  }

  /** undefined where the store cannot be asked and nobody is to be refused for it. */
  async function countAttempt(
    all: Counters,
    nowMs: number,
    loginRequest: LoginRequest,
  ): Promise<AttemptReply | undefined> {
    try {
      return await store.attempt(all, nowMs, { env: loginRequest.env })
    } catch (error) {
      if (!isStoreError(error)) throw error

      emitAbout('login-store-unavailable', loginRequest)
      if (!observing) throw error

      return undefined
    }
  }

  async function begin(loginRequest: LoginRequest): Promise<BeginResult> {
    const nowMs = clock()
    const { device, known: isKnown } = await identifyDevice(loginRequest, nowMs)
    const { by, all } = await createCounters(loginRequest, isKnown ? device : undefined)
    const reply = await countAttempt(all, nowMs, loginRequest)
    if (reply === undefined) return { ok: true, attempt: uncounted }
    if (reply.is === 'denied') {
      const reason = by[reply.by] ?? 'address'
      emitAbout(observing ? 'login-throttle-observed' : 'login-throttled', loginRequest, reason)
      if (observing) return { ok: true, attempt: uncounted }

      return { ok: false, retryAfter: Math.max(1, Math.ceil(reply.waitMs / 1000)), by: reason }
    }

    const pressure = findPressure(by[1] === 'account' ? reply.failures[1] : undefined, loginRequest)
    let settled = false
    let prepared: { send(): Promise<boolean> } | undefined

    async function settle(
      outcome: 'success' | 'failure' | 'void',
    ): Promise<OutgoingCookie | undefined> {
      if (settled) return undefined

      settled = true
      if (outcome === 'failure' && prepared === undefined) return undefined

      try {
        if (prepared !== undefined) await prepared.send()
        else if (outcome !== 'failure')
          await store.settle(all, outcome, clock(), { env: loginRequest.env })
      } catch {
        // A user who signed in stays signed in; the counts go away with the next success, or in a day.
        emitAbout('login-unsettled', loginRequest, outcome)
      }

      if (outcome !== 'success' || known === undefined || loginRequest.account === undefined)
        return undefined

      const keys = settings.keys(loginRequest.env)
      return deviceCookie(device, await keys.deviceTags(loginRequest.account.text), {
        ...known,
        keys,
        now: clock(),
      })
    }

    function prepare(): void {
      if (!settled) prepared ??= store.settleLater?.(all, 'success', { env: loginRequest.env })
    }

    return { ok: true, attempt: { pressure, prepare, settle } }
  }

  return {
    cookieName: known?.cookie.name,
    check(env): void {
      settings.keys(env)
      store.check?.(env)
    },
    begin,
  }
}
