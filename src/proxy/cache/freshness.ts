/**
 * Computes for how many seconds a response is fresh, and for how long it may be served after that (RFC 9111 section
 * 4.2). `rules.ts` calls it for each response that may be stored; the options and the store use its types. It does not
 * throw. Undefined means that neither the upstream nor the route sets a lifetime. A malformed lifetime counts as 0.
 */
import { parseHttpDate } from '../../request/index.ts'
import { type CacheControl, type CacheDirectives, parseSeconds } from './directives.ts'

/** The age and the lifetimes of a response, in seconds. */
export interface Freshness {
  /** The age of the response when it arrived. */
  readonly age: number
  /** The lifetime since the response was created; 0 if it must be validated before each use. */
  readonly fresh: number
  /** The time after its lifetime in which it may be served if the upstream fails. */
  readonly stale: number
  /**
   * The time after its lifetime in which it may be served while a new one is requested from the
   * upstream.
   */
  readonly whileRevalidate: number
}

/** The lifetimes that a route allows beyond those of its upstream. */
export interface FreshnessRules {
  /**
   * Lifetime of a response with 200 and no directives; undefined if such a response is not cached.
   */
  readonly maxAge: number | undefined
  readonly staleIfError: StaleRule
  readonly staleWhileRevalidate: StaleRule
}

/** For how many seconds a stale response may be served. */
export interface StaleRule {
  /** The seconds if the upstream's directives name none. */
  readonly assumed: number
  /** The maximum seconds if the upstream's directives name some. */
  readonly most: number
}

/** Status and headers of a response, as the upstream sent them. */
export interface ResponseHead {
  readonly status: number
  readonly headers: Headers
}

/** Epoch milliseconds around a response. */
export interface ResponseTimes {
  readonly requestedAt: number
  readonly receivedAt: number
}

/** Maximum seconds of a lifetime: a year. */
const maxLifetime = 31_536_000

/** Computes the lifetimes of a response; undefined if neither the response nor the route sets a lifetime. */
export function computeFreshness(
  { status, headers }: ResponseHead,
  control: CacheControl,
  rules: FreshnessRules,
  times: ResponseTimes,
): Freshness | undefined {
  const { directives } = control
  const initialAge = computeInitialAge(headers, times)
  const isNoCache = directives.has('no-cache')
  const lifetime = isNoCache
    ? 0
    : (explicitLifetime(headers, control, times) ?? assumedLifetime(status, headers, rules))
  if (lifetime === undefined) return undefined
  const freshSeconds = Math.min(lifetime, maxLifetime)
  // RFC 9111 section 4.2.4. A directive such as stale-if-error allows stale responses also together with s-maxage.
  const mustRevalidate =
    isNoCache || directives.has('must-revalidate') || directives.has('proxy-revalidate')

  return {
    age: initialAge,
    fresh: freshSeconds,
    stale: mustRevalidate ? 0 : staleTime(directives, 'stale-if-error', rules.staleIfError),
    whileRevalidate: mustRevalidate
      ? 0
      : staleTime(directives, 'stale-while-revalidate', rules.staleWhileRevalidate),
  }
}

function staleTime(
  directives: CacheDirectives,
  directiveName: string,
  { assumed: assumedSeconds, most: maxSeconds }: StaleRule,
): number {
  if (directives.has(directiveName))
    return Math.min(maxSeconds, parseSeconds(directives.get(directiveName)) ?? 0)
  return directives.has('s-maxage') ? 0 : assumedSeconds
}

/**
 * Computes the age of a response at its arrival: its `Age` plus the duration of the request, or the
 * time since its `Date`, whichever is larger. If `Age` is a list, the first number counts. An `Age`
 * that is no number is ignored.
 *
 * @see RFC 9111 sections 4.2.3, 5.1
 */
function computeInitialAge(headers: Headers, { requestedAt, receivedAt }: ResponseTimes): number {
  const ageSeconds = parseSeconds(headers.get('age')?.split(',', 1)[0]?.trim()) ?? 0
  const correctedAge = ageSeconds + Math.max(0, Math.floor((receivedAt - requestedAt) / 1000))
  const responseDate = parseHttpDate(headers.get('date'), receivedAt)
  const apparentAge =
    responseDate === undefined ? 0 : Math.max(0, Math.floor((receivedAt - responseDate) / 1000))

  return Math.max(apparentAge, correctedAge)
}

/**
 * Reads the lifetime that the upstream sets; 0 if it is malformed, undefined if there is none.
 */
function explicitLifetime(
  headers: Headers,
  control: CacheControl,
  times: ResponseTimes,
): number | undefined {
  const { directives, targeted: isTargeted } = control
  for (const directiveName of ['s-maxage', 'max-age']) {
    // In Surrogate-Control a second number may follow, for stale responses: `max-age=600+60`. It is ignored.
    if (directives.has(directiveName))
      return parseSeconds(directives.get(directiveName)?.replace(/\+\d+$/, '')) ?? 0
  }

  const expires = headers.get('expires')
  if (isTargeted || expires === null) return undefined
  // RFC 9111 section 5.3: an invalid date, such as `0`, is in the past.
  const expiresAt = parseHttpDate(expires, times.receivedAt)
  if (expiresAt === undefined) return 0
  const createdAt = parseHttpDate(headers.get('date'), times.receivedAt) ?? times.receivedAt

  return Math.max(0, Math.floor((expiresAt - createdAt) / 1000))
}

/**
 * Returns the lifetime that the route sets for a response without one. `Pragma: no-cache` alone counts as a lifetime of
 * none.
 */
function assumedLifetime(
  status: number,
  headers: Headers,
  { maxAge }: FreshnessRules,
): number | undefined {
  const isForbiddenByPragma =
    !headers.has('cache-control') &&
    headers.get('pragma')?.toLowerCase().includes('no-cache') === true
  return status === 200 && !isForbiddenByPragma ? maxAge : undefined
}
