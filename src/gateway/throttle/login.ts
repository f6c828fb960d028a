/** A login on its way through: read, counted, handed on, and settled by what the upstream answers. */
import { readCookies, replaceSetCookie } from '../../cookie/index.ts'
import { type Account, createAccount } from '../../limit/throttle/account/account.ts'
import type { AccountRead, LoginBody } from '../../limit/throttle/account/read-account.ts'
import type { LoginAttempt, ThrottleEngine } from '../../limit/throttle/engine.ts'
import { withholdCookies } from '../../limit/throttle/login-request.ts'
import { isProven, type LoginResponse, needsBody } from '../../limit/throttle/success/success.ts'
import { isNeverSent } from '../../proxy/never-sent.ts'
import { clientAddress } from '../../request/index.ts'
import { neverStore } from '../../session/handle/caching.ts'
import type { Reason } from '../../types.ts'
import type { LoadedSession } from '../checks/load-session.ts'
import type { CompiledGateway } from '../compile.ts'
import { forwardToUpstream } from '../forward.ts'
import { type ExtraHeaders, rejectRequest } from '../reject.ts'
import type { RequestContext } from '../request-context.ts'
import { type BufferedBody, bufferJsonBody } from './buffer-body.ts'
import type { LoginRules } from './compile-login.ts'
import { passLogin, type SessionUse, setCookieHeader, withoutIdentity } from './login-session.ts'
import type { LoginAttemptHooks, LoginStartResult } from './types.ts'

/** One route's logins, and where they are counted. */
export interface LoginRoute extends LoginRules {
  readonly engine: ThrottleEngine
  /** Pattern of the route, for events. */
  readonly subject: string
}

/**
 * Counts a login, if it may be tried. What waits in the request's Ask goes along.
 *
 * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where nothing could be counted: nobody passes then.
 */
export async function startLogin(
  plan: CompiledGateway,
  visit: RequestContext,
  route: LoginRoute,
  who: LoadedSession | undefined,
): Promise<LoginStartResult> {
  const { request, requestId, env } = visit
  const { engine, subject } = route
  const read = await readLoginAccount(route, visit, who)
  if (read.ok && read.account === undefined && !read.charged) {
    return {
      is: 'open',
      pass: (passage) =>
        forwardToUpstream(plan, visit, { ...passage, login: createEmptyHooks(read, route) }),
      cancel: doNothing,
    }
  }
  const cookies =
    engine.cookieName === undefined
      ? []
      : readCookies(request.headers.get('cookie'), engine.cookieName)
  const address = clientAddress(request.headers, plan.platform)
  const account = read.ok ? read.account : undefined
  const begun = await engine.begin({ env, account, address, cookies, request: requestId, subject })
  const rejectLogin = (reason: Reason, headers?: ExtraHeaders): LoginStartResult => {
    return { is: 'refused', response: rejectRequest(plan, visit, reason, headers) }
  }
  if (!begun.ok) return rejectLogin('rate-limited', [['Retry-After', `${begun.retryAfter}`]])
  if (!read.ok) return rejectLogin(unreadable[read.status])
  const { attempt } = begun
  const cancel = (): Promise<unknown> => attempt.settle('void')
  if (read.account === undefined) {
    const login = createEmptyHooks(read, route)
    return {
      is: 'open',
      cancel,
      pass(passage): Promise<Response> {
        const sending = forwardToUpstream(plan, visit, { ...passage, login })
        return settleOnError(sending, attempt, { answered: false }, request.signal)
      },
    }
  }
  return {
    is: 'open',
    cancel,
    pass(passage): Promise<Response> {
      const state = { answered: false, wantsSession: false }
      const sending = passLogin(plan, visit, passage, (session) => ({
        login: createLoginHooks({ plan, visit, route, attempt, state, session }, read),
        wantsSession: () => state.wantsSession,
      }))
      const work = settleOnError(sending, attempt, state, request.signal)
      visit.waitUntil?.(work.catch(() => {}))
      return work
    },
  }
}

async function doNothing(): Promise<void> {}

/** The answer, or its fault, with the try settled either way. */
async function settleOnError(
  work: Promise<Response>,
  attempt: LoginAttempt,
  state: { readonly answered: boolean },
  client: AbortSignal,
): Promise<Response> {
  try {
    return await work
  } catch (error) {
    // Nothing else is taken back: an upstream that is slow or breaks off may have looked, and a client that leaves has asked.
    const wasSent = state.answered || client.aborted || !isNeverSent(error)
    await attempt.settle(wasSent ? 'failure' : 'void')
    throw error
  }
}

const unreadable: Readonly<Record<400 | 413 | 415, Reason>> = {
  400: 'body-malformed',
  413: 'body-too-large',
  415: 'content-type-not-allowed',
}

type LoginRead =
  | AccountRead
  | { readonly ok: true; readonly account: Account; readonly body?: never }

async function readLoginAccount(
  { read, member, normalize }: LoginRules,
  visit: RequestContext,
  who: LoadedSession | undefined,
): Promise<LoginRead> {
  if (read !== undefined) return read(visit.request, visit.search)
  const name: unknown = Object.entries(who?.data ?? {}).find(([key]) => key === member)?.[1]
  const account = typeof name === 'string' ? createAccount(name, normalize) : undefined
  return account === undefined ? { ok: false, status: 400 } : { ok: true, account }
}

interface LoginWork {
  readonly plan: CompiledGateway
  readonly visit: RequestContext
  readonly route: LoginRoute
  readonly attempt: LoginAttempt
  readonly state: { answered: boolean; wantsSession: boolean }
  readonly session: SessionUse
}

/** Laravel's status for the token of a form that is not the session's, before it looks at a password. */
const tokenMismatch = 419

function createLoginHooks(
  { plan, visit, route, attempt, state, session }: LoginWork,
  { body }: { readonly body?: LoginBody },
): LoginAttemptHooks {
  const { rules } = route.success
  const looksInside = needsBody(rules)
  let startedSession = false
  let sentCookies: string | null = null
  let withheld = false

  function answerOf({ status, headers }: Response, text?: string): LoginResponse {
    const url = publicUrl(visit)
    const { subject: routePath } = route
    return { status, headers, url, routePath, sentCookies, text, startedSession, now: plan.clock() }
  }

  return {
    body,
    outlives: true,
    tell(headers): void {
      if (attempt.pressure !== undefined)
        headers.set('portcullis-login-pressure', `${attempt.pressure}`)
      if (body !== undefined) {
        headers.delete('content-length') // fetch measures what goes out
        withheld = withoutIdentity(headers, visit, route, session)
      }
      sentCookies = headers.get('cookie')
      // What is to be read must not come packed.
      if (looksInside) headers.set('accept-encoding', 'identity')
    },
    answered(): void {
      state.answered = true
    },
    starting(response): void {
      if (session === 'unproven') return
      if (isProven(rules, { ...answerOf(response), startedSession: true })) attempt.prepare()
    },
    started(): void {
      startedSession = true
    },
    async settle(response, timeoutMs): Promise<Response> {
      const held: BufferedBody = looksInside
        ? await bufferJsonBody(response, timeoutMs)
        : { text: undefined, response }
      const { response: whole } = held
      if (withheld && whole.status === tokenMismatch) {
        state.wantsSession = true
        return whole // the second answer settles it
      }
      const proven = session !== 'unproven' && isProven(rules, answerOf(whole, held.text))
      route.watch(proven)
      const cookie = await attempt.settle(proven ? 'success' : 'failure')
      if (cookie !== undefined) {
        replaceSetCookie(whole.headers, cookie)
        neverStore(whole.headers)
      }
      return whole
    },
  }
}

/**
 * A request that could have been a login, and is none. A cookie that is called like the login's field stays behind.
 */
function createEmptyHooks(
  { body }: { readonly body: LoginBody },
  { meansField }: LoginRoute,
): LoginAttemptHooks {
  const ignore = (): void => {}
  return {
    ...{ body, outlives: false, answered: ignore, starting: ignore, started: ignore },
    tell(headers): void {
      headers.delete('content-length')
      setCookieHeader(headers, withholdCookies(headers.get('cookie'), meansField))
    },
    settle: async (response) => response,
  }
}

function publicUrl({ settings, path }: RequestContext): string {
  return `${settings?.publicOrigin}${path}`
}
