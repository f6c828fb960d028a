/**
 * Creates the guard behind `loginThrottle()`: for each request a handle, `c.var.loginThrottle`, by
 * which a handler that checks passwords itself calls `attempt` before the check, and `succeed`,
 * `fail` or `cancel` afterwards. The middleware calls it, and handlers use the handle. Wrong
 * options throw a `ConfigError` while building. A second attempt in one request, or an outcome
 * without an allowed attempt, throws a `TypeError`. While the store is down, `attempt` resolves to
 * a 503, and an outcome that cannot be stored is only an event.
 */
import { readCookies } from '../../cookie/index.ts'
import { emitEvent } from '../../events.ts'
import { checkKeys, createIssues, optionalFunction, optionalListener } from '../../options/index.ts'
import { errorResponse } from '../../page/error-response.ts'
import { checkPlatform, clientAddress, type Platform } from '../../request/index.ts'
import type { Clock, Emit, OutgoingCookie, ProjectEnv, Reason } from '../../types.ts'
import { type Account, createAccount } from './account/account.ts'
import {
  createThrottleEngine,
  isStoreError,
  type LoginAttempt,
  type LoginRequest,
  type ThrottleEngine,
} from './engine.ts'
import {
  compileThrottle,
  type LoginThrottleOptions,
  loginThrottleKeys,
  type ThrottleSettings,
} from './options.ts'

/** The parts of a Hono Context that the login throttle reads. */
export interface LoginContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** The environment, which options that are functions receive. */
  readonly env?: unknown
  /** Variables of the context; `requestId` goes into events. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** The reason why a login must not be tried, which the option `refuse` receives. */
export interface LoginVerdict {
  /** Always false. */
  readonly ok: false
  /** `rate-limited`; `body-malformed` where the text names no account; `store-unavailable`. */
  readonly reason: Reason
  /** The seconds until the login may be tried again, for `rate-limited`. */
  readonly retryAfter?: number
}

/** Options of `loginThrottle`. */
export interface LoginGateOptions<C = LoginContext, E = ProjectEnv>
  extends LoginThrottleOptions<E> {
  /**
   * The platform in front of the application, which sets the header with the client's address.
   * Required: with a wrong one, clients could choose their address.
   */
  readonly platform: Platform
  /** The name of these logins in events. Default `login`. */
  readonly name?: string
  /**
   * Returns the response to a login that must not be tried. It must be the same for accounts that
   * exist and for those that do not.
   */
  readonly refuse?: (verdict: LoginVerdict, c: C) => Response | Promise<Response>
  /**
   * Receives `login-throttled` with the counter that denied as reason, `login-throttle-observed`,
   * `account-pressure`, `login-unsettled` and `login-store-unavailable`. The events name no
   * account. Default none.
   */
  readonly onEvent?: Emit
  /** Returns the current time in ms, for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** The value of `c.var.loginThrottle`. */
export interface LoginThrottle {
  /**
   * Counts the attempt as failed, unless it must not be tried. Call it once in a request, before
   * the password is checked.
   *
   * @param account - the account's name exactly as it will be looked up
   * @returns undefined where the password may be checked; otherwise the response to return: 429
   *   with Retry-After, 400 where `account` is not a text or names no account, 503 while the store
   *   cannot be reached.
   * @throws {TypeError} for the second call in one request
   */
  attempt(account: unknown): Promise<Response | undefined>
  /**
   * Reports a correct password. The failures of this account and device are cleared, and the device
   * is known from now on.
   */
  succeed(): Promise<void>
  /** Reports a wrong password. Calling it is optional: the attempt is counted as failed already. */
  fail(): Promise<void>
  /**
   * Takes the count back because the password could not be checked. Do not call it for anything
   * that the client can cause.
   */
  cancel(): Promise<void>
  /**
   * The number of consecutive failures on the account, from `pressureAt` on; otherwise undefined.
   * An application may then require a second factor.
   */
  readonly pressure: number | undefined
}

/**
 * Creates the handle of a request, and a function that returns the device cookie for its response.
 */
export interface LoginGate<C> {
  open(c: C): { readonly handle: LoginThrottle; readonly cookie: () => OutgoingCookie | undefined }
}

/** The validated options of {@link loginGate}. */
interface LoginGateSettings<C> {
  readonly engine: ThrottleEngine
  readonly settings: ThrottleSettings
  readonly platform: Platform
  /** The name of these logins in events. */
  readonly subject: string
  readonly refuse: LoginGateOptions<C>['refuse'] | undefined
}

/** Creates the guard behind `loginThrottle()`. @throws {ConfigError} `ERR_CONFIG` */
export function loginGate<C extends LoginContext>(
  options: LoginGateOptions<C, never>,
): LoginGate<C> {
  const issues = createIssues('loginThrottle')
  checkKeys(issues, options, [
    ...loginThrottleKeys,
    'platform',
    'name',
    'refuse',
    'onEvent',
    'clock',
  ])

  const input: Partial<LoginGateOptions<C, never>> = options ?? {}
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now
  const emit = optionalListener(issues, 'onEvent', input.onEvent) ?? (() => {})
  const refuse = optionalFunction(issues, 'refuse', input.refuse)
  const settings = compileThrottle(input, clock, issues)
  const platform = checkPlatform(input.platform, issues)
  const { name: subject = 'login' } = input

  issues.throwIfAny()
  const engine = createThrottleEngine(settings, clock, emit)
  const gate: LoginGateSettings<C> = { engine, settings, platform, subject, refuse }

  return { open: (c) => openLogin(c, gate) }
}

/** Opens the handle of one request. */
function openLogin<C extends LoginContext>(
  c: C,
  gate: LoginGateSettings<C>,
): ReturnType<LoginGate<C>['open']> {
  let isAttempted = false
  let current: LoginAttempt | undefined
  let cookie: OutgoingCookie | undefined

  async function attempt(text: unknown): Promise<Response | undefined> {
    // With two attempts it would be unclear which one succeeded; many in one request are guesses.
    if (isAttempted)
      throw new TypeError(
        'attempt() was called twice in one request; a request can make only one login attempt',
      )
    isAttempted = true

    const account =
      typeof text === 'string' ? createAccount(text, gate.settings.normalize) : undefined
    try {
      const result = await gate.engine.begin(createLoginRequest(c, account, gate))
      if (!result.ok) return await rejectLogin(c, gate, 'rate-limited', result.retryAfter)
      if (account === undefined) return await rejectLogin(c, gate, 'body-malformed')

      current = result.attempt
      return undefined
    } catch (error) {
      // The login is denied, because without a count every guess would be allowed.
      if (!isStoreError(error)) throw error
      return rejectLogin(c, gate, 'store-unavailable')
    }
  }

  function settle(outcome: 'success' | 'failure' | 'void'): Promise<OutgoingCookie | undefined> {
    if (current === undefined)
      throw new TypeError(
        'attempt() has allowed no login in this request, so there is none to settle',
      )
    return current.settle(outcome)
  }

  const handle: LoginThrottle = {
    attempt,
    async succeed() {
      cookie = (await settle('success')) ?? cookie
    },
    async fail() {
      await settle('failure')
    },
    async cancel() {
      await settle('void')
    },
    get pressure() {
      return current?.pressure
    },
  }

  return { handle, cookie: () => cookie }
}

function createLoginRequest<C extends LoginContext>(
  c: C,
  account: Account | undefined,
  { engine, platform, subject }: LoginGateSettings<C>,
): LoginRequest {
  const { headers } = c.req.raw
  const { cookieName } = engine
  return {
    env: c.env,
    account,
    address: clientAddress(headers, platform),
    cookies: cookieName === undefined ? [] : readCookies(headers.get('cookie'), cookieName),
    request: readRequestId(c),
    context: c,
    subject,
  }
}

async function rejectLogin<C extends LoginContext>(
  c: C,
  { refuse }: LoginGateSettings<C>,
  reason: Reason,
  retryAfter?: number,
): Promise<Response> {
  // A login over a limit already has the event `login-throttled`.
  if (reason !== 'rate-limited') emitEvent(undefined, { type: 'request-refused', reason }, c)
  const wait = retryAfter === undefined ? {} : { retryAfter }
  if (refuse !== undefined) return refuse({ ok: false, reason, ...wait }, c)

  const requestId = readRequestId(c)
  return errorResponse(reason, c.req.raw, {
    ...(retryAfter !== undefined && { headers: [['Retry-After', `${retryAfter}`]] }),
    ...(requestId !== undefined && { requestId }),
  })
}

function readRequestId(c: LoginContext): string | undefined {
  const requestId = c.var?.requestId
  return typeof requestId === 'string' ? requestId : undefined
}
