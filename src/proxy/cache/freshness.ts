/**
 * Computes how long a response is fresh, in seconds (RFC 9111 section 4.2). `rules.ts` calls it
 * for each response that may be stored. It is pure; undefined means that the response may not be
 * stored.
 */
import { parseHttpDate } from '../../request/index.ts'
import { type CacheControl, type CacheDirectives, parseSeconds } from './directives.ts'

/** How long an answer is good for, in seconds. */
export interface Freshness {
  /** The age of the response when it arrived. */
  readonly age: number
  /** Counted from its making; 0 for what has to be validated each time. */
  readonly fresh: number
  /** The time after its lifetime in which it may be served if the upstream fails. */
  readonly stale: number
  /**
   * The time after its lifetime in which it may be served while the upstream is asked for another
   * one.
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

/** For how long a stale answer may be given. */
export interface StaleRule {
  /** Where the upstream does not say. */
  readonly assumed: number
  /** Where it does. */
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

const longestLife = 31_536_000

/** Computes how long a response is fresh; undefined where neither it nor the route says so. */
export function computeFreshness(
  { status, headers }: ResponseHead,
  control: CacheControl,
  rules: FreshnessRules,
  times: ResponseTimes,
): Freshness | undefined {
  const { directives } = control
  const initialAge = computeInitialAge(headers, times)
  const mustAsk = directives.has('no-cache')
  const lifetime = mustAsk
    ? 0
    : (explicitLifetime(headers, control, times) ?? assumedLifetime(status, headers, rules))
  if (lifetime === undefined) return undefined
  const freshSeconds = Math.min(lifetime, longestLife)
  // Section 4.2.4. A stale directive of the upstream is permission, also beside s-maxage.
  const mustRevalidate =
    mustAsk || directives.has('must-revalidate') || directives.has('proxy-revalidate')

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
 * Computes the age with which a response arrived: the larger of its `Age` plus the time of the
 * request, and of the time between its `Date` and now. Of a list of ages the first one counts, and
 * one that is not a number is ignored.
 *
 * @see RFC 9111 sections 4.2.3, 5.1
 */
function computeInitialAge(headers: Headers, { requestedAt, receivedAt }: ResponseTimes): number {
  const ageSeconds = parseSeconds(headers.get('age')?.split(',', 1)[0]?.trim()) ?? 0
  const correctedAge = ageSeconds + Math.max(0, Math.floor((receivedAt - requestedAt) / 1000))
  const responseDate = parseHttpDate(headers.get('date'), receivedAt)
  const apparent =
    responseDate === undefined ? 0 : Math.max(0, Math.floor((receivedAt - responseDate) / 1000))

  return Math.max(apparent, correctedAge)
}

/**
 * Reads the lifetime of the upstream's response; 0 if it is malformed, undefined if there is none.
 */
function explicitLifetime(
  headers: Headers,
  control: CacheControl,
  times: ResponseTimes,
): number | undefined {
  const { directives, targeted: isTargeted } = control
  for (const directiveName of ['s-maxage', 'max-age']) {
    // Surrogate-Control may add the seconds after which it is served no more: `max-age=600+60`.
    if (directives.has(directiveName))
      return parseSeconds(directives.get(directiveName)?.replace(/\+\d+$/, '')) ?? 0
  }

  const expires = headers.get('expires')
  if (isTargeted || expires === null) return undefined
  // Section 5.3: an invalid date, above all `0`, lies in the past.
  const end = parseHttpDate(expires, times.receivedAt)
  if (end === undefined) return 0
  const createdAt = parseHttpDate(headers.get('date'), times.receivedAt) ?? times.receivedAt

  return Math.max(0, Math.floor((end - createdAt) / 1000))
}

/** The route's own word. An upstream that speaks to the caches of HTTP/1.0 alone has not been silent. */
function assumedLifetime(
  status: number,
  headers: Headers,
  { maxAge }: FreshnessRules,
): number | undefined {
  const isOldEnough =
    !headers.has('cache-control') &&
    headers.get('pragma')?.toLowerCase().includes('no-cache') === true
  return status === 200 && !isOldEnough ? maxAge : undefined
}
