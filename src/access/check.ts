/**
 * Checks whether a client may access a page: its IP address, which needs no I/O, and its session. The guard
 * calls both checks through `options.ts`; the gateway calls them for its routes and its console; applications
 * may call them too. Neither function throws. A rule that cannot be evaluated, because a function of the
 * application throws for example, denies access.
 */
import { inRanges } from '../request/address/range.ts'
import type { Verdict } from '../types.ts'
import type { CompiledAccess } from './rule.ts'

/** The facts about a session that rules read. */
export interface SessionView {
  /** True if the session was started by a login. The session of a visitor was not. */
  readonly signedIn: boolean
  /** The time of `start` in milliseconds since the epoch; undefined if it is not known. */
  readonly authenticatedAt?: number
  /** True if the session is bound to the device that signed in. */
  readonly bound?: boolean
  /** The time at which that device last proved that it has its key, in milliseconds since the epoch. */
  readonly provedAt?: number
}

/** The client whose access is checked. */
export interface AccessRequest<Data = object> {
  /** The session's data; undefined if there is no session. */
  readonly data: Data | undefined
  /** Facts about the session; undefined if there is no session. */
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

/** Milliseconds by which the clocks of two machines may differ. */
const SKEW_MS = 60_000

/**
 * Checks the session. Role and claim are checked before age, so that a user who may not access the page is not asked to
 * sign in again. It never throws, even if functions of the application do.
 *
 * @example
 * const verdict = checkSessionAccess(rule, { data, info, now: Date.now() })
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

  // This check comes last, since a new proof costs the browser a signature.
  return isRecent(info.provedAt, accessRule.proofMs, now)
    ? allowedVerdict
    : { ok: false, reason: 'device-proof-too-old' }
}

/**
 * Whether an event is recent enough, if the rule requires that. An event in the future is not: the
 * clock was wrong when it was recorded.
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

/** Whether the identity provider named one of the authentication contexts at the login. */
function hasContext(contexts: ReadonlySet<string>, data: unknown): boolean {
  const { login } = data as { readonly login?: { readonly acr?: unknown } }
  return contexts.has(login?.acr as string)
}

/**
 * Whether a list contains one of the wanted values. A text is not a list, since 'administrator' would
 * contain 'admin'.
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
      // Only own members count, since every object inherits members such as `constructor`.
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
