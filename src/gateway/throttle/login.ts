/**
 * Handles the login attempt of a request: reads the account, counts the attempt, forwards it, and settles it
 * by the upstream's response. `create.ts` calls it from the login phase of `handle-route.ts`. A login that
 * cannot be read is counted and rejected with 400, 413 or 415, and a throttled one with 429. It rejects with
 * `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` if the attempt cannot be counted, and with the errors of
 * forwarding. After an error an attempt counts as a failure if an upstream may have received it; otherwise it
 * is void.
 */
import { readCookies } from '../../cookie/index.ts'
import { type Account, createAccount } from '../../limit/throttle/account/account.ts'
import type { AccountRead, LoginBody } from '../../limit/throttle/account/read-account.ts'
import type { LoginAttempt, ThrottleEngine } from '../../limit/throttle/engine.ts'
import { errorResponse } from '../../page/index.ts'
import { isNeverSent } from '../../proxy/fetch/never-sent.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import type { Clock, Reason } from '../../types.ts'
import type { LoginScope, SendLogin } from '../phases/login.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'
import type { LoginRules } from './compile-login.ts'
import { createAttemptHooks, createBodyHooks, type LoginState } from './hooks.ts'
import { sendLogin } from './send-login.ts'

/** The rules of a login route, and the engine that counts its attempts. */
export interface LoginRoute extends LoginRules {
  readonly engine: ThrottleEngine
  /** Pattern of the route, for events. */
  readonly subject: string
}

/** Services of the gateway that login attempts use. */
export interface LoginServices {
  readonly reject: RequestRejecter
  readonly clock: Clock
}

const unreadable: Readonly<Record<400 | 413 | 415, Reason>> = {
  400: 'body-malformed',
  413: 'body-too-large',
  415: 'content-type-not-allowed',
}

/** The result of reading a request: the account, if it names one, or the status with which it is rejected. */
type LoginRead =
  | AccountRead
  | { readonly ok: true; readonly account: Account; readonly body?: never }

/** Begins the login attempt of a request. See `CompiledThrottle.begin`. */
export async function beginLogin(
  services: LoginServices,
  route: LoginRoute,
  ctx: RouteContext,
  countsNow: boolean,
): Promise<LoginScope> {
  const scope = new AttemptScope(services, route, ctx)
  if (countsNow && route.read !== undefined) await scope.count(undefined)
  return scope
}

/** The scope of one login attempt. */
class AttemptScope implements LoginScope {
  readonly #services: LoginServices
  readonly #route: LoginRoute
  readonly #ctx: RouteContext
  /** The login fields of the request; undefined until the attempt is counted. */
  #login: (LoginRead & { readonly ok: true }) | undefined
  /** The attempt that {@link end} settles; undefined if none was counted, or if it stays counted whatever happens. */
  #attempt: LoginAttempt | undefined
  #rejection: Response | undefined
  /** Whether an upstream may have seen the attempt. */
  #sent = false
  #end: () => void = () => {}

  constructor(services: LoginServices, route: LoginRoute, ctx: RouteContext) {
    this.#services = services
    this.#route = route
    this.#ctx = ctx
  }

  async deny(session: LoadedSession | undefined): Promise<Response | undefined> {
    if (this.#login === undefined && this.#rejection === undefined) await this.count(session)
    return this.#rejection
  }

  /** Reads the account and counts the attempt. A Redis command for it is sent with the request's batch. */
  async count(session: LoadedSession | undefined): Promise<void> {
    const ctx = this.#ctx
    const { reject } = this.#services
    const loginRead = await readLoginAccount(this.#route, ctx, session)
    if (loginRead.ok && loginRead.account === undefined && !loginRead.charged) {
      this.#login = loginRead
      return
    }

    const beginning = await this.#beginAttempt(loginRead.ok ? loginRead.account : undefined)
    if (!beginning.ok) {
      this.#rejection = rejectThrottled(ctx, beginning.retryAfter)
    } else if (!loginRead.ok) {
      // The attempt stays counted: a request that cannot be read is charged to its IP address.
      this.#rejection = reject(ctx, unreadable[loginRead.status])
    } else {
      this.#login = loginRead
      this.#attempt = beginning.attempt
    }
  }

  #beginAttempt(account: Account | undefined): ReturnType<ThrottleEngine['begin']> {
    const { engine, subject } = this.#route
    const { request, requestId, env, address, eventContext: context } = this.#ctx
    const { cookieName } = engine
    const cookies =
      cookieName === undefined ? [] : readCookies(request.headers.get('cookie'), cookieName)

    return engine.begin({ env, account, address, cookies, request: requestId, context, subject })
  }

  async forward(send: SendLogin): Promise<Response> {
    const login = this.#login
    if (login === undefined) return send()

    const loginState: LoginState = { answered: false, wantsSession: false }
    this.#sent = true
    try {
      return login.account === undefined
        ? await send({ login: createBodyHooks(login, this.#route) })
        : await this.#sendAttempt(send, login.body, loginState)
    } catch (error) {
      // An upstream that is slow or breaks off may have checked the password. If the client disconnected, the request
      // was sent.
      this.#sent = loginState.answered || this.#ctx.request.signal.aborted || !isNeverSent(error)
      throw error
    }
  }

  #sendAttempt(
    send: SendLogin,
    body: LoginBody | undefined,
    loginState: LoginState,
  ): Promise<Response> {
    const attempt = this.#attempt
    if (attempt === undefined) return send()

    this.#outliveClient()
    const attemptWork = {
      ctx: this.#ctx,
      route: this.#route,
      clock: this.#services.clock,
      attempt,
      state: loginState,
    }

    return sendLogin(this.#ctx, send, (session) => ({
      login: createAttemptHooks({ ...attemptWork, session }, body),
      wantsSession: () => loginState.wantsSession,
    }))
  }

  /** Keeps the isolate alive until the attempt is settled, since the client may disconnect before. */
  #outliveClient(): void {
    const settlement = new Promise<void>((resolve) => {
      this.#end = resolve
    })
    this.#ctx.waitUntil?.(settlement)
  }

  async end(): Promise<void> {
    await this.#attempt?.settle(this.#sent ? 'failure' : 'void')
    this.#end()
  }
}

/** Rejects a throttled login. The throttle has already emitted `login-throttled`, so no further event is emitted. */
function rejectThrottled(
  { request, requestId, pages }: RouteContext,
  retryAfter: number,
): Response {
  const headers = [['Retry-After', `${retryAfter}`]] as const
  return errorResponse('rate-limited', request, { requestId, headers, pages })
}

async function readLoginAccount(
  { read: readAccount, member, normalize }: LoginRules,
  { request, search }: RequestContext,
  session: LoadedSession | undefined,
): Promise<LoginRead> {
  if (readAccount !== undefined) return readAccount(request, search)
  const accountName: unknown = Object.entries(session?.data ?? {}).find(
    ([memberName]) => memberName === member,
  )?.[1]
  const account =
    typeof accountName === 'string' ? createAccount(accountName, normalize) : undefined

  return account === undefined ? { ok: false, status: 400 } : { ok: true, account }
}
