/** Guards that ask the session: who may pass, and where others are sent. */
import { ConfigError } from '../errors.ts'
import { createIssues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { booleanOption, optionalFunction, wholeNumber } from '../options/values.ts'
import { denyOrRedirectToSignIn, parseSignIn } from '../request/sign-in.ts'
import type { Clock, Verdict } from '../types.ts'
import type { SessionHandle, SessionInfo } from './core/types.ts'

/** A Hono Context, as far as a guard needs one. */
export interface GuardContext {
  /** The request as it came in. */
  readonly req: { readonly raw: Request }
  /** Variables of the context; `session` is what the session middleware put there. */
  readonly var: { readonly session?: unknown } | Readonly<Record<string, unknown>>
}

/** Options of both guards. Absent = default. */
export interface GuardOptions<C = GuardContext> {
  /**
   * Path of the sign-in page, such as `/login`. Navigations are sent there with `return_to`, everything else, prefetches too, gets 401.
   * Default none: 401 for all.
   */
  readonly signIn?: string
  /** Answers refused requests instead. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
}

/** Options of `requireSession`. */
export interface RequireSessionOptions<C = GuardContext> extends GuardOptions<C> {
  /** Lets sessions pass that never signed in, such as a visitor's cart. Default false. */
  readonly visitors?: boolean
}

/** Options of `requireFresh`. */
export interface RequireFreshOptions<C = GuardContext> extends GuardOptions<C> {
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** Passes a request (undefined) or answers it. */
export type Guard<C> = (c: C) => Promise<Response | undefined>

/** The guard behind `requireSession`. @throws {ConfigError} `ERR_CONFIG` */
export function sessionGuard<C extends GuardContext>(options: RequireSessionOptions<C>): Guard<C> {
  const issues = createIssues('requireSession')
  checkKeys(issues, options, ['signIn', 'refuse', 'visitors'])
  validateGuard(options, issues)
  const visitors = booleanOption(issues, 'visitors', options.visitors, false)
  issues.throwIfAny()
  return createGuard('requireSession', options, (info) => checkSession(info, visitors))
}

/** The guard behind `requireFresh`. @throws {ConfigError} `ERR_CONFIG` */
export function freshGuard<C extends GuardContext>(
  seconds: number,
  options: RequireFreshOptions<C>,
): Guard<C> {
  const issues = createIssues('requireFresh')
  checkKeys(issues, options, ['signIn', 'refuse', 'clock'])
  validateGuard(options, issues)
  const clock = optionalFunction(issues, 'clock', options.clock) ?? Date.now
  const most = wholeNumber(issues, 'seconds', seconds, 600, {
    min: 1,
    max: 34_560_000,
    unit: 'seconds',
  })
  issues.throwIfAny()
  return createGuard('requireFresh', options, (info) => checkFresh(info, most, clock()))
}

/** Passes sessions that came from `start`, or any session with data where visitors are welcome. */
export function checkSession(info: SessionInfo | undefined, visitors: boolean): Verdict {
  return info !== undefined && (visitors || info.signedIn)
    ? { ok: true }
    : { ok: false, reason: 'no-session' }
}

/** Clocks of two machines may differ by a minute. */
const SKEW_MS = 60_000

/** Passes sessions whose `start` is at most `seconds` ago; an imported one was started nobody knows when. */
export function checkFresh(info: SessionInfo | undefined, seconds: number, now: number): Verdict {
  if (info === undefined || !info.signedIn) return { ok: false, reason: 'no-session' }
  const { authenticatedAt } = info
  // A sign-in in the future, before a clock was put right, is not as fresh as that for ever.
  const age = authenticatedAt === undefined ? Number.POSITIVE_INFINITY : now - authenticatedAt
  const fresh = age <= seconds * 1000 && age >= -SKEW_MS
  return fresh ? { ok: true } : { ok: false, reason: 'session-too-old' }
}

function createGuard<C extends GuardContext>(
  name: string,
  { signIn, refuse }: GuardOptions<C>,
  judge: (info: SessionInfo | undefined) => Verdict,
): Guard<C> {
  return async (c) => {
    const handle = c.var.session as SessionHandle<object> | undefined
    if (handle === undefined || !('info' in handle)) {
      throw new ConfigError([
        { option: name, problem: 'needs session() before it, with a strategy of this library' },
      ])
    }
    const verdict = judge(await handle.info())
    if (verdict.ok) return undefined
    if (refuse !== undefined) return refuse(verdict, c)
    return denyOrRedirectToSignIn(verdict.reason, c.req.raw, signIn)
  }
}

function validateGuard<C>(
  { signIn, refuse }: GuardOptions<C>,
  issues: ReturnType<typeof createIssues>,
): void {
  optionalFunction(issues, 'refuse', refuse)
  parseSignIn(signIn, issues)
}
