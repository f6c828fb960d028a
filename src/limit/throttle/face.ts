/** The throttle around a context: for handlers that look at passwords themselves. */
import { readCookies } from '../../cookie/index.ts'
import { checkKeys, createIssues, optionalFunction, optionalListener } from '../../options/index.ts'
import { errorResponse } from '../../page/error-response.ts'
import { checkPlatform, clientAddress, type Platform } from '../../request/index.ts'
import type { Clock, Emit, OutgoingCookie, ProjectEnv, Reason } from '../../types.ts'
import { createAccount } from './account/account.ts'
import { createThrottleEngine, isStoreError, type LoginAttempt } from './engine.ts'
import { compileThrottle, type LoginThrottleOptions, loginThrottleKeys } from './options.ts'

/** A Hono Context, as far as logins need one. */
export interface LoginContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** What `From` functions get. */
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
  /** Who stands in front and says where a request comes from. Required: a guess would be the client's to make. */
  readonly platform: Platform
  /** For events: what these logins are called. Default `login`. */
  readonly name?: string
  /** Answers instead. It must say the same for accounts that exist and for those that do not. */
  readonly refuse?: (verdict: LoginVerdict, c: C) => Response | Promise<Response>
  /**
   * Takes `login-throttled` with what made it wait as reason, `account-pressure`, `login-unsettled` and
   * `login-store-unavailable`. They name no account. Default none.
   */
  readonly onEvent?: Emit
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** What `c.var.loginThrottle` is. */
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

/** The gate behind `loginThrottle`. @throws {ConfigError} `ERR_CONFIG` */
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

  const given: Partial<LoginGateOptions<C, never>> = options ?? {}
  const clock = optionalFunction(issues, 'clock', given.clock) ?? Date.now
  const emit = optionalListener(issues, 'onEvent', given.onEvent) ?? (() => {})
  const refuse = optionalFunction(issues, 'refuse', given.refuse)
  const settings = compileThrottle(given, clock, issues)
  const platform = checkPlatform(given.platform, issues)
  const { name: subject = 'login' } = given

  issues.throwIfAny()
  const engine = createThrottleEngine(settings, clock, emit)

  function open(c: C): ReturnType<LoginGate<C>['open']> {
    const { headers } = c.req.raw
    const id = c.var?.requestId
    const request = typeof id === 'string' ? id : undefined
    let asked = false
    let current: LoginAttempt | undefined
    let cookie: OutgoingCookie | undefined

    async function answer(reason: Reason, retryAfter?: number): Promise<Response> {
      const wait = retryAfter === undefined ? {} : { retryAfter }
      if (refuse !== undefined) return refuse({ ok: false, reason, ...wait }, c)

      const extra =
        retryAfter === undefined ? {} : { headers: [['Retry-After', `${retryAfter}`]] as const }
      return errorResponse(reason, c.req.raw, {
        ...extra,
        ...(request !== undefined && { requestId: request }),
      })
    }

    async function attempt(text: unknown): Promise<Response | undefined> {
      // With two of them, nobody could say which one succeeded; and fifty are what somebody sends who guesses.
      if (asked) throw new TypeError('One request tries one login')

      asked = true
      const account = typeof text === 'string' ? createAccount(text, settings.normalize) : undefined
      const cookies =
        engine.cookieName === undefined ? [] : readCookies(headers.get('cookie'), engine.cookieName)
      const address = clientAddress(headers, platform)

      try {
        const begun = await engine.begin({
          env: c.env,
          account,
          address,
          cookies,
          request,
          subject,
        })

        if (!begun.ok) return await answer('rate-limited', begun.retryAfter)
        if (account === undefined) return await answer('body-malformed')

        current = begun.attempt
        return undefined
      } catch (error) {
        // Closed: without a count every guess would pass.
        if (!isStoreError(error)) throw error
        return answer('store-unavailable')
      }
    }

    function settle(outcome: 'success' | 'failure' | 'void'): Promise<OutgoingCookie | undefined> {
      if (current === undefined)
        throw new TypeError('No login was let through by attempt(), so there is none to settle')
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

  return { open }
}
