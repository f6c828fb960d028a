/** Guards that ask the session: who may pass, and where others are sent. */
import { ConfigError } from '../errors.ts'
import { faults as newFaults } from '../options/faults.ts'
import { checkKeys } from '../options/keys.ts'
import { flag, optionalFunction, wholeNumber } from '../options/values.ts'
import { checkSignIn, refuseOrSignIn } from '../request/sign-in.ts'
import type { Clock, Verdict } from '../types.ts'
import type { SessionHandle, SessionInfo } from './types.ts'

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
  const faults = newFaults('requireSession')
  checkKeys(faults, options, ['signIn', 'refuse', 'visitors'])
  checkGuard(options, faults)
  const visitors = flag(faults, 'visitors', options.visitors, false)
  faults.done()
  return guard('requireSession', options, (info) => judgeSession(info, visitors))
}

/** The guard behind `requireFresh`. @throws {ConfigError} `ERR_CONFIG` */
export function freshGuard<C extends GuardContext>(seconds: number, options: RequireFreshOptions<C>): Guard<C> {
  const faults = newFaults('requireFresh')
  checkKeys(faults, options, ['signIn', 'refuse', 'clock'])
  checkGuard(options, faults)
  const clock = optionalFunction(faults, 'clock', options.clock) ?? Date.now
  const most = wholeNumber(faults, 'seconds', seconds, 600, { least: 1, most: 34_560_000, unit: 'seconds' })
  faults.done()
  return guard('requireFresh', options, (info) => judgeFresh(info, most, clock()))
}

/** Passes sessions that came from `start`, or any session with data where visitors are welcome. */
export function judgeSession(info: SessionInfo | undefined, visitors: boolean): Verdict {
  return info !== undefined && (visitors || info.signedIn) ? { ok: true } : { ok: false, reason: 'no-session' }
}

/** Clocks of two machines may differ by a minute. */
const SKEW_MS = 60_000

/** Passes sessions whose `start` is at most `seconds` ago; an imported one was started nobody knows when. */
export function judgeFresh(info: SessionInfo | undefined, seconds: number, now: number): Verdict {
  if (info === undefined || !info.signedIn) return { ok: false, reason: 'no-session' }
  const { authenticatedAt } = info
  // A sign-in in the future, before a clock was put right, is not as fresh as that for ever.
  const age = authenticatedAt === undefined ? Number.POSITIVE_INFINITY : now - authenticatedAt
  const fresh = age <= seconds * 1000 && age >= -SKEW_MS
  return fresh ? { ok: true } : { ok: false, reason: 'session-too-old' }
}

function guard<C extends GuardContext>(
  name: string,
  { signIn, refuse }: GuardOptions<C>,
  judge: (info: SessionInfo | undefined) => Verdict,
): Guard<C> {
  return async (c) => {
    const handle = c.var.session as SessionHandle<object> | undefined
    if (handle === undefined || !('info' in handle)) {
      throw new ConfigError([{ option: name, problem: 'needs session() before it, with a strategy of this library' }])
    }
    const verdict = judge(await handle.info())
    if (verdict.ok) return undefined
    if (refuse !== undefined) return refuse(verdict, c)
    return refuseOrSignIn(verdict.reason, c.req.raw, signIn)
  }
}

function checkGuard<C>({ signIn, refuse }: GuardOptions<C>, faults: ReturnType<typeof newFaults>): void {
  optionalFunction(faults, 'refuse', refuse)
  checkSignIn(signIn, faults)
}
