/**
 * Validates the options of a guard other than its rules, such as `roles` and `platform`, and creates the
 * checks that deny a request. `guard.ts` calls it while building; `middleware.ts` and `src/stack` use its
 * types. Wrong options, and options that a rule needs and that are absent, are reported as issues. A check of
 * the session rejects with a `ConfigError` if no `session()` ran before, and otherwise as the session store
 * does. With `mode: 'observe'` no request is denied.
 */

import { ConfigError } from '../errors.ts'
import { emitEvent } from '../events.ts'
import type { Issues } from '../options/issues.ts'
import { optionalFunction, optionalListener, parseChoice } from '../options/values.ts'
import { checkPlatform, clientAddress, type Platform } from '../request/address/address.ts'
import { repeatRequest } from '../request/repeat.ts'
import { denyOrRedirectToSignIn } from '../request/sign-in.ts'
import type { Clock, Emit, OutgoingCookie, Reason, Verdict } from '../types.ts'
import { checkAddress, checkSessionAccess, type SessionView } from './check.ts'
import type { CompiledAccess } from './rule.ts'

/** The parts of a Hono Context that a guard reads. */
export interface AccessContext {
  readonly req: { readonly raw: Request }
  readonly var:
    | { readonly session?: unknown; readonly requestId?: unknown }
    | Readonly<Record<string, unknown>>
}

/** Options that `access()` and `requireAccess()` share. Absent = default. */
export interface AccessGuardOptions<Data = object, C = AccessContext> {
  /**
   * Reads the roles of a session from its data. A result that is no list, or an exception, means no
   * role. Required if a rule has `role`.
   */
  readonly roles?: { roles(data: Data): readonly string[] }['roles']
  /**
   * The platform in front of the application, whose headers name the address of a client; see
   * `Platform`. Required if a rule has `address`.
   */
  readonly platform?: Platform
  /**
   * Path of the sign-in page, such as `/login`. Navigations that need a session are redirected there
   * with `return_to`; all other requests, prefetches too, get 401. Default none: all get 401. The
   * rules must make this page public.
   */
  readonly signIn?: string
  /** Creates the response to a denied request, in place of the default page or redirect. */
  readonly refuse?: (verdict: Verdict & { ok: false }, c: C) => Response | Promise<Response>
  /** `'observe'` denies nothing and emits an event for each denial. Default `'enforce'`. */
  readonly mode?: 'enforce' | 'observe'
  /**
   * Receives the events `access-refused` and `access-observed` with the reason. The subject is the path of the rule; for
   * `no-rule` and `path-not-canonical` it is the path of the request, cut at 256 characters. Default none.
   */
  readonly onEvent?: Emit
  /** Returns the current time in milliseconds; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** Keys of {@link AccessGuardOptions}. */
export const guardKeys: ReadonlyArray<keyof AccessGuardOptions> = [
  'roles',
  'platform',
  'signIn',
  'refuse',
  'mode',
  'onEvent',
  'clock',
]

/** The response to a denied request, or undefined; a promise only if the session must be read. */
export type MaybeAnswer = Response | undefined | Promise<Response | undefined>

/**
 * The checks of a guard. `subject` names the rule in events. Each returns the response to a denied request, or
 * undefined.
 */
export interface AccessChecks<C> {
  /** Denies a request for a reason, such as that it matches no rule. */
  refuse(reason: Reason, subject: string, c: C): MaybeAnswer
  byAddress(rule: CompiledAccess, subject: string, c: C): MaybeAnswer
  bySession(rule: CompiledAccess, subject: string, c: C): MaybeAnswer
  both(rule: CompiledAccess, subject: string, c: C): MaybeAnswer
}

/** Maximum characters of a path in an event. */
const longestSubject = 256

/** Validates the options and creates the checks. The rules decide which options are required. */
export function compileAccessChecks<C extends AccessContext>(
  optionName: string,
  options: AccessGuardOptions<never, C>,
  compiledRules: readonly CompiledAccess[],
  issues: Issues,
): AccessChecks<C> {
  const input = { ...options }
  const roles = optionalFunction(issues, 'roles', input.roles)
  const respondToDenial = optionalFunction(issues, 'refuse', input.refuse)
  const onEvent = optionalListener(issues, 'onEvent', input.onEvent)
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now
  const observing =
    (parseChoice(issues, 'mode', input.mode, ['enforce', 'observe']) ?? 'enforce') === 'observe'
  const platform = checkPlatform(input.platform, issues, 'none')

  if (roles === undefined && compiledRules.some((compiledRule) => compiledRule.roles))
    issues.add('roles', 'is required, because a rule names roles')

  if (input.platform === undefined && compiledRules.some((compiledRule) => compiledRule.ranges)) {
    issues.add('platform', 'is required, because a rule names addresses')
  }

  function denyAccess(reason: Reason, subject: string, c: C, eventTags?: object): MaybeAnswer {
    const requestId = c.var.requestId
    const request = typeof requestId === 'string' ? { request: requestId } : undefined
    const event = {
      type: observing ? 'access-observed' : 'access-refused',
      reason,
      subject: subject.slice(0, longestSubject),
      ...request,
      ...eventTags,
    } as const

    emitEvent(onEvent, event, c)

    if (observing) return undefined
    if (respondToDenial !== undefined) return respondToDenial({ ok: false, reason }, c)

    return denyOrRedirectToSignIn(
      reason,
      c.req.raw,
      input.signIn,
      request && { requestId: request.request },
    )
  }

  async function checkBySession(
    compiledRule: CompiledAccess,
    subject: string,
    c: C,
  ): Promise<Response | undefined> {
    const { data, info, handle } = await readSession(optionName, c)
    const verdict = checkSessionAccess<unknown>(compiledRule, {
      data,
      info,
      roles: roles as never,
      now: clock(),
    })

    if (verdict.ok) return undefined
    if (verdict.reason === 'device-proof-too-old' && !observing) {
      const repeatedResponse = repeatRequest(c.req.raw, handle.device?.()?.expire)
      if (repeatedResponse !== undefined) return repeatedResponse
    }

    const isUnproved = verdict.reason === 'no-session' && handle.device?.()?.isSkipped
    const reason = isUnproved ? 'device-not-proved' : verdict.reason

    return denyAccess(reason, subject, c, await handle.tags?.())
  }

  const checks: AccessChecks<C> = {
    refuse: denyAccess,
    byAddress(rule, subject, c) {
      if (rule.ranges === undefined) return undefined
      const verdict = checkAddress(rule, clientAddress(c.req.raw.headers, platform))
      return verdict.ok ? undefined : denyAccess(verdict.reason, subject, c)
    },
    bySession: (rule, subject, c) => (rule.session ? checkBySession(rule, subject, c) : undefined),
    both: (rule, subject, c) =>
      checks.byAddress(rule, subject, c) ?? checks.bySession(rule, subject, c),
  }

  return checks
}

/** The functions of a session handle that the checks call. */
interface HandleView {
  get(): Promise<unknown>
  info(): Promise<SessionView | undefined>
  facts?(): SessionView | undefined
  tags?(): Promise<object>
  device?(): { readonly isSkipped?: boolean; readonly expire: OutgoingCookie } | undefined
}

async function readSession(
  optionName: string,
  c: AccessContext,
): Promise<{ data: unknown; info: SessionView | undefined; handle: HandleView }> {
  const handle = c.var.session as HandleView | undefined
  if (typeof handle?.info !== 'function') {
    throw new ConfigError([
      { option: optionName, problem: 'needs session() before it, with a strategy of this library' },
    ])
  }

  const data = await handle.get()

  // `facts()` is `info()` without the digest of the session id, which costs a hash and which no rule needs.
  return { data, info: handle.facts?.() ?? (await handle.info()), handle }
}
