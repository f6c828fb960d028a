/**
 * Creates guards that allow or deny a request by its session: signed in, fresh, or bound to a device.
 * `middleware.ts` wraps each guard as Hono middleware; applications import the option types, and the pure checks
 * are exported for tests.
 *
 * Wrong options throw `ERR_CONFIG` while a guard is created, and so does a request without the
 * middleware `session()` before the guard. A denied navigation is redirected to `signIn` where it is set; other
 * requests get 401, or the response of the option `refuse`. An expired device proof repeats the
 * request once through the browser. Errors of the session store reject.
 */
import { ConfigError } from '../errors.ts'
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, optionalFunction, parseWholeNumber } from '../options/values.ts'
import { repeatRequest } from '../request/repeat.ts'
import { denyOrRedirectToSignIn, parseSignIn } from '../request/sign-in.ts'
import type { Clock, Verdict } from '../types.ts'
import type { FlushableHandle, SessionInfo } from './core/types.ts'

/** The part of a Hono Context that a guard needs. */
export interface GuardContext {
  /** The original request. */
  readonly req: { readonly raw: Request }
  /** Variables of the context. The session middleware sets `session`. */
  readonly var: { readonly session?: unknown } | Readonly<Record<string, unknown>>
}

/** Options of all guards. */
export interface GuardOptions<C = GuardContext> {
  /**
   * Path of the sign-in page, such as `/login`. Navigations are redirected there with `return_to`; other requests,
   * prefetches included, receive 401.
   *
   * @default undefined (401 for all)
   */
  readonly signIn?: string
  /**
   * Creates the response to a denied request.
   *
   * @default a redirect to `signIn`, or 401
   */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
}

/** Options of `requireSession`. */
export interface RequireSessionOptions<C = GuardContext> extends GuardOptions<C> {
  /**
   * Allows sessions that never signed in, such as a visitor's cart.
   *
   * @default false
   */
  readonly visitors?: boolean
}

/** Options of `requireFresh`. */
export interface RequireFreshOptions<C = GuardContext> extends GuardOptions<C> {
  /**
   * Returns the current time in milliseconds since the epoch, for tests.
   *
   * @default Date.now
   */
  readonly clock?: Clock
}

/** Options of `requireBound`. */
export interface RequireBoundOptions<C = GuardContext> extends RequireFreshOptions<C> {
  /**
   * Most seconds since the device last proved itself, 10 to 3,600. An older proof makes the browser prove itself and
   * repeat the request, with its method and body.
   *
   * @default undefined (any proof with which the session is valid)
   */
  readonly proof?: number
}

/** Allows a request by returning undefined, or returns the response that denies it. */
export type Guard<C> = (c: C) => Promise<Response | undefined>

/** Most seconds that `requireFresh` accepts: 400 days, the longest life of a cookie. */
const MAX_FRESH_SECONDS = 34_560_000

/** Milliseconds by which the clocks of two machines may differ. */
const SKEW_MS = 60_000

/** Creates the guard of `requireSession`. @throws {ConfigError} `ERR_CONFIG` */
export function createSessionGuard<C extends GuardContext>(
  options: RequireSessionOptions<C>,
): Guard<C> {
  const issues = createIssues('requireSession')
  checkKeys(issues, options, ['signIn', 'refuse', 'visitors'])
  validateGuard(options, issues)
  const visitors = booleanOption(issues, 'visitors', options.visitors, false)
  issues.throwIfAny()

  return createGuard('requireSession', options, (sessionInfo) =>
    checkSession(sessionInfo, visitors),
  )
}

/** Creates the guard of `requireFresh`. @throws {ConfigError} `ERR_CONFIG` */
export function createFreshGuard<C extends GuardContext>(
  seconds: number,
  options: RequireFreshOptions<C>,
): Guard<C> {
  const issues = createIssues('requireFresh')
  checkKeys(issues, options, ['signIn', 'refuse', 'clock'])
  validateGuard(options, issues)
  const clock = optionalFunction(issues, 'clock', options.clock) ?? Date.now
  const range = { min: 1, max: MAX_FRESH_SECONDS, unit: 'seconds' }
  const maxSeconds = parseWholeNumber(issues, 'seconds', seconds, range) ?? 600
  issues.throwIfAny()

  return createGuard('requireFresh', options, (sessionInfo) =>
    checkFresh(sessionInfo, maxSeconds, clock()),
  )
}

/** Creates the guard of `requireBound`. @throws {ConfigError} `ERR_CONFIG` */
export function createBoundGuard<C extends GuardContext>(
  options: RequireBoundOptions<C>,
): Guard<C> {
  const issues = createIssues('requireBound')
  checkKeys(issues, options, ['proof', 'signIn', 'refuse', 'clock'])
  validateGuard(options, issues)
  const clock = optionalFunction(issues, 'clock', options.clock) ?? Date.now
  const range = { min: 10, max: 3600, unit: 'seconds' }
  const maxSeconds =
    parseWholeNumber(issues, 'proof', options.proof, range) ?? Number.POSITIVE_INFINITY
  issues.throwIfAny()

  return createGuard('requireBound', options, (sessionInfo) =>
    checkBound(sessionInfo, maxSeconds, clock()),
  )
}

/** Allows sessions that are bound to a device that proved itself at most `seconds` ago. */
export function checkBound(
  sessionInfo: SessionInfo | undefined,
  seconds: number,
  nowMs: number,
): Verdict {
  if (sessionInfo === undefined || !sessionInfo.signedIn) return { ok: false, reason: 'no-session' }
  if (!sessionInfo.bound) return { ok: false, reason: 'device-not-bound' }

  const age = nowMs - (sessionInfo.provedAt ?? 0)
  const isRecent = age <= seconds * 1000 && age >= -SKEW_MS
  return isRecent ? { ok: true } : { ok: false, reason: 'device-proof-too-old' }
}

/** Allows sessions that came from `start`, or any session with data if `visitors` are allowed. */
export function checkSession(sessionInfo: SessionInfo | undefined, visitors: boolean): Verdict {
  return sessionInfo !== undefined && (visitors || sessionInfo.signedIn)
    ? { ok: true }
    : { ok: false, reason: 'no-session' }
}

/**
 * Allows sessions whose login is at most `seconds` ago. The time is unknown for imported sessions, which are denied.
 */
export function checkFresh(
  sessionInfo: SessionInfo | undefined,
  seconds: number,
  nowMs: number,
): Verdict {
  if (sessionInfo === undefined || !sessionInfo.signedIn) return { ok: false, reason: 'no-session' }

  const { authenticatedAt } = sessionInfo
  const age = authenticatedAt === undefined ? Number.POSITIVE_INFINITY : nowMs - authenticatedAt
  // A login in the future, from before a clock was corrected, would count as fresh until that time.
  const isFresh = age <= seconds * 1000 && age >= -SKEW_MS
  return isFresh ? { ok: true } : { ok: false, reason: 'session-too-old' }
}

function createGuard<C extends GuardContext>(
  name: string,
  { signIn, refuse }: GuardOptions<C>,
  check: (sessionInfo: SessionInfo | undefined) => Verdict,
): Guard<C> {
  return async (c) => {
    const handle = c.var.session as FlushableHandle<object> | undefined
    if (handle === undefined || !('info' in handle)) {
      throw new ConfigError([
        {
          option: name,
          problem: 'needs session(statelessSessions()) or session(storedSessions())',
        },
      ])
    }

    const verdict = check(await handle.info())
    if (verdict.ok) return undefined

    let { reason } = verdict
    if (reason === 'no-session' && handle.device()?.isSkipped) reason = 'device-not-proved'
    if (reason === 'device-proof-too-old') {
      const repeated = repeatRequest(c.req.raw, handle.device()?.expire)
      if (repeated !== undefined) return repeated
    }

    if (refuse !== undefined) return refuse({ ok: false, reason }, c)
    return denyOrRedirectToSignIn(reason, c.req.raw, signIn)
  }
}

function validateGuard<C>({ signIn, refuse }: GuardOptions<C>, issues: Issues): void {
  optionalFunction(issues, 'refuse', refuse)
  parseSignIn(signIn, issues)
}
