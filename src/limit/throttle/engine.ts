/**
 * The login throttle: counts each login attempt before the password is checked, and takes the count back after a success.
 * The gateway and `face.ts` call `begin`, then `settle` on the attempt. `begin` rejects where the store cannot be reached;
 * `settle` never does, and reports it as an event.
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
  const { store, observing } = settings
  const report = createReport(emit)
  const engine: EngineParts = { settings, clock, report }

  async function begin(loginRequest: LoginRequest): Promise<BeginResult> {
    const nowMs = clock()
    const { device, isKnown } = await identifyDevice(settings, loginRequest, nowMs)
    const counters = await createCounters(settings, loginRequest, isKnown ? device : undefined)
    const reply = await countAttempt(engine, counters.all, nowMs, loginRequest)
    if (reply === undefined) return { ok: true, attempt: uncounted }

    if (reply.is === 'denied') {
      const by = counters.by[reply.by] ?? 'address'
      report(observing ? 'login-throttle-observed' : 'login-throttled', loginRequest, by)
      if (observing) return { ok: true, attempt: uncounted }

      return { ok: false, retryAfter: Math.max(1, Math.ceil(reply.waitMs / 1000)), by }
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

  // Reported at ten, a hundred, a thousand: an attack must not fill the log.
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

function createAttempt(engine: EngineParts, counted: CountedAttempt): LoginAttempt {
  const { settings, clock, report } = engine
  const { loginRequest, all, pressure } = counted
  const { store } = settings
  const context = { env: loginRequest.env }
  let settled = false
  let prepared: { send(): Promise<boolean> } | undefined

  async function sendOutcome(outcome: 'success' | 'failure' | 'void'): Promise<void> {
    try {
      if (prepared !== undefined) await prepared.send()
      else if (outcome !== 'failure') await store.settle(all, outcome, clock(), context)
    } catch {
      // A user who signed in stays signed in; the counts go away with the next success, or in a day.
      report('login-unsettled', loginRequest, outcome)
    }
  }

  return {
    pressure,

    prepare(): void {
      if (!settled) prepared ??= store.settleLater?.(all, 'success', context)
    },

    async settle(outcome): Promise<OutgoingCookie | undefined> {
      if (settled) return undefined

      settled = true
      if (outcome === 'failure' && prepared === undefined) return undefined

      await sendOutcome(outcome)
      return outcome === 'success' ? createDeviceCookie(engine, counted) : undefined
    },
  }
}

/** Creates the cookie by which this device is known from now on, where devices are known at all. */
async function createDeviceCookie(
  { settings, clock }: EngineParts,
  { loginRequest: { env, account }, device }: CountedAttempt,
): Promise<OutgoingCookie | undefined> {
  const known = settings.device
  if (known === undefined || account === undefined) return undefined

  const keys = settings.keys(env)
  const tags = await keys.deviceTags(account.text)
  return deviceCookie(device, tags, { ...known, keys, now: clock() })
}
