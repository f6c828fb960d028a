/**
 * Checks whether a client may access a page: first its address, which needs no I/O, then its
 * session. `options.ts` calls both checks for the guard, and the gateway calls them for its
 * routes. Neither throws: a rule that cannot be evaluated denies access.
 */
import { inRanges } from '../request/address/range.ts'
import type { Verdict } from '../types.ts'
import type { CompiledAccess } from './rule.ts'

/** As much of a session as rules ask for. */
export interface SessionView {
  /** Whether it came from a login: a visitor's session did not. */
  readonly signedIn: boolean
  /** The time of `start` in milliseconds since the epoch; undefined if it is not known. */
  readonly authenticatedAt?: number
  /** Whether it is bound to the device that signed in. */
  readonly bound?: boolean
  /** When that device last proved itself, in milliseconds since the epoch. */
  readonly provedAt?: number
}

/** The client whose access is checked. */
export interface AccessRequest<Data = object> {
  /** The session's data; undefined where there is no session. */
  readonly data: Data | undefined
  /** Facts about the session; undefined where there is none. */
  readonly info: SessionView | undefined
  /**
   * Reads the roles from the session's data. A result that is no list, or an exception, means no
   * role.
   */
  readonly roles?: { read(data: Data): readonly string[] }['read'] | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

const allowedVerdict: Verdict = { ok: true }

/**
 * Checks the client IP address, without I/O. An address that no trusted platform reports is in no range.
 *
 * @example
 * const verdict = checkAddress(rule, clientAddress(request.headers, 'cloudflare'))
 * if (!verdict.ok) return errorResponse(verdict.reason, request)
 */
export function checkAddress(
  { ranges, also = [] }: CompiledAccess,
  address: string | undefined,
): Verdict {
  if (ranges !== undefined && !inRanges(ranges, address))
    return { ok: false, reason: 'address-not-allowed' }
  return (
    also.map((otherRule) => checkAddress(otherRule, address)).find(({ ok }) => !ok) ??
    allowedVerdict
  )
}

/** Clocks of two machines may differ by a minute. */
const SKEW_MS = 60_000

/**
 * Checks the session. Role and claim are checked before age: a user who may not access the page is not asked to sign in
 * again. It never throws, even if functions of the application do.
 *
 * @example
 * const verdict = checkSessionAccess(rule, { data, authenticatedAt, now: Date.now() })
 */
export function checkSessionAccess<Data>(
  accessRule: CompiledAccess,
  client: AccessRequest<Data>,
): Verdict {
  const verdict = checkRule(accessRule, client)
  if (!verdict.ok || accessRule.also === undefined) return verdict
  return (
    accessRule.also
      .map((otherRule) => checkSessionAccess(otherRule, client))
      .find(({ ok }) => !ok) ?? allowedVerdict
  )
}

function checkRule<Data>(
  accessRule: CompiledAccess,
  { data, info, roles, now }: AccessRequest<Data>,
): Verdict {
  if (!accessRule.session) return allowedVerdict
  if (data === undefined || data === null || info?.signedIn !== true)
    return { ok: false, reason: 'no-session' }

  if (accessRule.roles !== undefined && !hasAny(accessRule.roles, () => roles?.(data)))
    return { ok: false, reason: 'role-missing' }

  if (!matchesClaims(accessRule, data)) return { ok: false, reason: 'claim-missing' }
  if (accessRule.bound && info.bound !== true) return { ok: false, reason: 'device-not-bound' }
  if (accessRule.contexts !== undefined && !hasContext(accessRule.contexts, data)) {
    return { ok: false, reason: 'login-too-weak' }
  }

  if (!isRecent(info.authenticatedAt, accessRule.freshMs, now))
    return { ok: false, reason: 'session-too-old' }

  // Last of all, since it costs the browser a signature.
  return isRecent(info.provedAt, accessRule.proofMs, now)
    ? allowedVerdict
    : { ok: false, reason: 'device-proof-too-old' }
}

/**
 * Whether a moment is recent enough, if the rule requires that. A moment in the future, from before
 * a clock was corrected, is not.
 */
function isRecent(
  happenedAt: number | undefined,
  maxAgeMs: number | undefined,
  now: number,
): boolean {
  if (maxAgeMs === undefined) return true
  const ageMs = happenedAt === undefined ? Number.POSITIVE_INFINITY : now - happenedAt
  return ageMs <= maxAgeMs && ageMs >= -SKEW_MS
}

/** Whether the provider of the login reached one of the contexts. */
function hasContext(contexts: ReadonlySet<string>, data: unknown): boolean {
  const { login } = data as { readonly login?: { readonly acr?: unknown } }
  return contexts.has(login?.acr as string)
}

/**
 * Whether a list has one of the wanted values. A text is not a list: otherwise 'administrator'
 * would contain 'admin'.
 */
function hasAny(wantedValues: ReadonlySet<unknown>, readValues: () => unknown): boolean {
  try {
    const foundValues = readValues()
    return (
      Array.isArray(foundValues) &&
      Array.prototype.some.call(foundValues, (foundValue) => wantedValues.has(foundValue))
    )
  } catch {
    return false
  }
}

function matchesClaims({ claims, check }: CompiledAccess, data: unknown): boolean {
  try {
    if (check !== undefined) return (check as (data: unknown) => unknown)(data) === true
    for (const [claimName, wantedValues] of claims ?? []) {
      // Own members only: every object has a `constructor`.
      const claimValue: unknown = Object.hasOwn(data as object, claimName)
        ? (data as Record<string, unknown>)[claimName]
        : undefined
      if (!wantedValues.has(claimValue) && !hasAny(wantedValues, () => claimValue)) return false
    }

    return true
  } catch {
    return false
  }
}
