/**
 * The login throttle for handlers that check passwords themselves: `c.var.loginThrottle`. The
 * middleware creates it, and handlers call `attempt`, `succeed` and `fail`. A second attempt in
 * one request, or an outcome without an attempt, throws a `TypeError`.
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

/** A Hono Context, as far as logins need one. */
export interface LoginContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** The environment, the argument of `From` functions. */
  readonly env?: unknown
  /** Variables of the context; `requestId` goes into events. */
  readonly var?: { readonly requestId?: unknown } | Readonly<Record<string, unknown>>
}

/** Why a login is not tried. */
export interface LoginVerdict {
  /** Always false: only what is refused has a verdict. */
  readonly ok: false
  /** `rate-limited`, `body-malformed` for what names no account, `store-unavailable`. */
  readonly reason: Reason
  /** Seconds until it may be tried again, where that is what it is about. */
  readonly retryAfter?: number
}

/** Options of `loginThrottle`. */
export interface LoginGateOptions<C = LoginContext, E = ProjectEnv>
  extends LoginThrottleOptions<E> {
  /** The platform in front, which says where a request comes from. Required: a guess would be the client's to make. */
  readonly platform: Platform
  /** For events: what these logins are called. Default `login`. */
  readonly name?: string
  /** Answers instead. It must say the same for accounts that exist and for those that do not. */
  readonly refuse?: (verdict: LoginVerdict, c: C) => Response | Promise<Response>
  /**
   * Receives `login-throttled` with what made it wait as reason, `account-pressure`, `login-unsettled` and
   * `login-store-unavailable`. They name no account. Default none.
   */
  readonly onEvent?: Emit
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** The value of `c.var.loginThrottle`. */
export interface LoginThrottle {
  /**
   * To be asked before the password is looked at, once in a request. From then on the try counts as failed.
   *
   * @param account - what the password is said to belong to, just as it will be looked up
   * @returns undefined where it may be tried; otherwise the answer to give: 429 with Retry-After, 400 for what is not one
   *   text, 503 while the store cannot be asked.
   * @throws {TypeError} the second time in one request
   */
  attempt(account: unknown): Promise<Response | undefined>
  /** The password was right: what was counted for this account and device is forgotten, and the device is known from now on. */
  succeed(): Promise<void>
  /** The password was wrong. Costs nothing: it is counted, and stays so also where nobody says anything. */
  fail(): Promise<void>
  /** Nobody could look at the password: the try is taken back. Never for what the client had a part in. */
  cancel(): Promise<void>
  /** Failures in a row on the account, where they are many: time to ask for a second factor. */
  readonly pressure: number | undefined
}

/** One request's handle, and the cookie that goes out with its answer. */
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
    if (isAttempted) throw new TypeError('A request can make only one login attempt')
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
      // Fail closed: without a count every guess would be allowed.
      if (!isStoreError(error)) throw error
      return rejectLogin(c, gate, 'store-unavailable')
    }
  }

  function settle(outcome: 'success' | 'failure' | 'void'): Promise<OutgoingCookie | undefined> {
    if (current === undefined)
      throw new TypeError('attempt() allowed no login, so there is none to settle')
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
  // `login-throttled` is the event of a login that came too soon.
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
