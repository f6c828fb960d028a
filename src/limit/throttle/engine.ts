/**
 * Creates the engine of the login throttle, which counts each login attempt as failed before the
 * password is checked and takes the count back after a success. The gateway's login throttle and
 * `loginThrottle()` call `begin` for each attempt, and then `settle` on the attempt that it
 * returns. `begin` rejects with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` while the store
 * cannot count, and the login must not be tried then, unless the mode is `'observe'`. `settle` does
 * not reject for a store that fails: the attempt stays counted, and the event `login-unsettled` is
 * emitted.
 */

import { isPortcullisError } from '../../errors.ts'
import { emitEvent } from '../../events.ts'
import type { Clock, Emit, EventType, OutgoingCookie } from '../../types.ts'
import type { Account } from './account/account.ts'
import { createCounters, identifyDevice, type ThrottledBy } from './counters.ts'
import { type DeviceRecord, deviceCookie } from './device.ts'
import type { ThrottleSettings } from './options.ts'
import type { AttemptReply, Counters } from './stores/store.ts'

/** The client and the account of a login attempt. */
export interface LoginRequest {
  readonly env: unknown
  /**
   * The account, from `createAccount`. Undefined where a request names none; it is then counted for
   * its address only.
   */
  readonly account: Account | undefined
  /**
   * The client's address, or undefined where no trusted header has one. All requests without an
   * address share one count.
   */
  readonly address: string | undefined
  /** The values of the device cookie, if the request has any. */
  readonly cookies: readonly string[]
  /** The id of the request, for events. */
  readonly request?: string | undefined
  /** The object by which events find the listener of the request. */
  readonly context?: object | undefined
  /** The name of these logins in events, or the route's. */
  readonly subject?: string | undefined
}

/** An allowed login attempt, counted as failed until it is settled. */
export interface LoginAttempt {
  /**
   * The number of consecutive failures of unknown devices on the account, from `pressureAt` on;
   * otherwise undefined. The application may then require a second factor.
   */
  readonly pressure: number | undefined
  /**
   * Announces a success, before {@link settle} is called: commands that the request sends to Redis
   * until then carry the outcome along.
   */
  prepare(): void
  /**
   * Settles the attempt; only the first call has an effect. `failure` does not call the store,
   * because the attempt is counted already. `success` returns the cookie by which this device is
   * known from now on. If the store is down, the attempt stays counted and an event is emitted.
   */
  settle(outcome: 'success' | 'failure' | 'void'): Promise<OutgoingCookie | undefined>
}

/** The result of `begin`: an attempt, or the seconds to wait and the counter that denied. */
export type BeginResult =
  | { readonly ok: true; readonly attempt: LoginAttempt }
  | { readonly ok: false; readonly retryAfter: number; readonly by: ThrottledBy }

/** The login throttle of one configuration. */
export interface ThrottleEngine {
  /** The name of the device cookie; undefined with `device: false`. */
  readonly cookieName: string | undefined
  /**
   * Validates the values of the environment.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check(env: unknown): void
  /**
   * Counts an attempt or denies it. It is called before the password is checked, so that parallel
   * attempts cannot pass a limit together.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`: the login must not be
   *   tried
   */
  begin(loginRequest: LoginRequest): Promise<BeginResult>
}

/**
 * The attempt that `'observe'` allows although it would be denied: nothing was counted, so nothing
 * is settled.
 */
const observedAttempt: LoginAttempt = {
  pressure: undefined,
  prepare() {},
  settle: async () => undefined,
}

/** Reports whether an error says that the store could not be reached or gave no valid reply. */
export function isStoreError(error: unknown): boolean {
  return (
    isPortcullisError(error, 'ERR_STORE_UNAVAILABLE') ||
    isPortcullisError(error, 'ERR_STORE_REFUSED')
  )
}

/** Creates the engine from validated options. */
export function createThrottleEngine(
  settings: ThrottleSettings,
  clock: Clock,
  emit: Emit,
): ThrottleEngine {
  const { store, observing } = settings
  const report = createReport(emit)
  const engine: EngineParts = { settings, clock, report }

  async function begin(loginRequest: LoginRequest): Promise<BeginResult> {
    const nowMs = clock()
    const { device, isKnown } = await identifyDevice(settings, loginRequest, nowMs)
    const counters = await createCounters(settings, loginRequest, isKnown ? device : undefined)
    const reply = await countAttempt(engine, counters.all, nowMs, loginRequest)
    if (reply === undefined) return { ok: true, attempt: observedAttempt }

    if (reply.is === 'denied') {
      const counterKind = counters.by[reply.by] ?? 'address'
      report(observing ? 'login-throttle-observed' : 'login-throttled', loginRequest, counterKind)
      if (observing) return { ok: true, attempt: observedAttempt }

      return { ok: false, retryAfter: Math.max(1, Math.ceil(reply.waitMs / 1000)), by: counterKind }
    }

    const failures = counters.by[1] === 'account' ? reply.failures[1] : undefined
    const pressure = findPressure(engine, failures, loginRequest)
    const attempt = createAttempt(engine, { loginRequest, device, all: counters.all, pressure })
    return { ok: true, attempt }
  }

  return {
    cookieName: settings.device?.cookie.name,
    check(env): void {
      settings.keys(env)
      store.check?.(env)
    },
    begin,
  }
}

/** Emits an event about a login. */
type Report = (type: EventType, loginRequest: LoginRequest, reason?: string) => void

interface EngineParts {
  readonly settings: ThrottleSettings
  readonly clock: Clock
  readonly report: Report
}

function createReport(emit: Emit): Report {
  return function report(type, { request, subject, context }, reason) {
    const event = {
      type,
      ...(reason !== undefined && { reason }),
      ...(request !== undefined && { request }),
      ...(subject !== undefined && { subject }),
    }
    emitEvent(emit, event, context)
  }
}

/** Counts the attempt. Undefined where the store cannot be reached and the mode is `'observe'`, which denies nobody. */
async function countAttempt(
  { settings: { store, observing }, report }: EngineParts,
  all: Counters,
  nowMs: number,
  loginRequest: LoginRequest,
): Promise<AttemptReply | undefined> {
  try {
    return await store.attempt(all, nowMs, { env: loginRequest.env })
  } catch (error) {
    if (!isStoreError(error)) throw error

    report('login-store-unavailable', loginRequest)
    if (!observing) throw error

    return undefined
  }
}

function findPressure(
  { settings: { pressureAt }, report }: EngineParts,
  failures: number | undefined,
  loginRequest: LoginRequest,
): number | undefined {
  if (failures === undefined || failures < pressureAt) return undefined

  // The event is emitted at the tenfold, hundredfold and so on of `pressureAt`, so that an attack
  // does not fill the log.
  if (Number.isInteger(Math.log10(failures / pressureAt)))
    report('account-pressure', loginRequest, `${failures}-failures`)
  return failures
}

/** An attempt that the store has counted. */
interface CountedAttempt {
  readonly loginRequest: LoginRequest
  readonly device: DeviceRecord | undefined
  readonly all: Counters
  readonly pressure: number | undefined
}

function createAttempt(engine: EngineParts, countedAttempt: CountedAttempt): LoginAttempt {
  const { settings, clock, report } = engine
  const { loginRequest, all, pressure } = countedAttempt
  const { store } = settings
  const context = { env: loginRequest.env }
  let isSettled = false
  let preparedSettlement: { send(): Promise<boolean> } | undefined

  async function sendOutcome(outcome: 'success' | 'failure' | 'void'): Promise<void> {
    try {
      if (preparedSettlement !== undefined) await preparedSettlement.send()
      else if (outcome !== 'failure') await store.settle(all, outcome, clock(), context)
    } catch {
      // The user stays signed in. The count disappears with the next success, or after a day.
      report('login-unsettled', loginRequest, outcome)
    }
  }

  return {
    pressure,

    prepare(): void {
      if (!isSettled) preparedSettlement ??= store.settleLater?.(all, 'success', context)
    },

    async settle(outcome): Promise<OutgoingCookie | undefined> {
      if (isSettled) return undefined

      isSettled = true
      if (outcome === 'failure' && preparedSettlement === undefined) return undefined

      await sendOutcome(outcome)
      return outcome === 'success' ? createDeviceCookie(engine, countedAttempt) : undefined
    },
  }
}

/**
 * Creates the cookie by which this device is known from now on. Returns undefined where the option
 * `device` is off.
 */
async function createDeviceCookie(
  { settings, clock }: EngineParts,
  { loginRequest: { env, account }, device }: CountedAttempt,
): Promise<OutgoingCookie | undefined> {
  const deviceOptions = settings.device
  if (deviceOptions === undefined || account === undefined) return undefined

  const keys = settings.keys(env)
  const tags = await keys.deviceTags(account.text)
  return deviceCookie(device, tags, { ...deviceOptions, keys, now: clock() })
}
