/** How long an answer is good for. Seconds everywhere. RFC 9111 section 4.2. */
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
  /** For an answer with 200 that says nothing itself; undefined where such a one is not kept. */
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

/** How long an answer is good for; undefined where neither it nor the route says so. */
export function computeFreshness(
  { status, headers }: ResponseHead,
  control: CacheControl,
  rules: FreshnessRules,
  times: ResponseTimes,
): Freshness | undefined {
  const { directives } = control
  const age = computeInitialAge(headers, times)
  const mustAsk = directives.has('no-cache')
  const lifetime = mustAsk
    ? 0
    : (explicitLifetime(headers, control, times) ?? assumedLifetime(status, headers, rules))
  if (lifetime === undefined) return undefined
  const fresh = Math.min(lifetime, longestLife)
  // Section 4.2.4. An upstream that names a stale directive itself has allowed it, beside s-maxage too.
  const strict = mustAsk || directives.has('must-revalidate') || directives.has('proxy-revalidate')
  return {
    age,
    fresh,
    stale: strict ? 0 : staleTime(directives, 'stale-if-error', rules.staleIfError),
    whileRevalidate: strict
      ? 0
      : staleTime(directives, 'stale-while-revalidate', rules.staleWhileRevalidate),
  }
}

function staleTime(
  directives: CacheDirectives,
  name: string,
  { assumed, most }: StaleRule,
): number {
  if (directives.has(name)) return Math.min(most, parseSeconds(directives.get(name)) ?? 0)
  return directives.has('s-maxage') ? 0 : assumed
}

/**
 * The age with which an answer arrived: the larger of what `Age` says, with the time it was under way, and of what lies between
 * its `Date` and now. Of a list of ages the first one counts, and one that is no number is ignored.
 *
 * @see RFC 9111 sections 4.2.3, 5.1
 */
function computeInitialAge(headers: Headers, { requestedAt, receivedAt }: ResponseTimes): number {
  const said = parseSeconds(headers.get('age')?.split(',', 1)[0]?.trim()) ?? 0
  const corrected = said + Math.max(0, Math.floor((receivedAt - requestedAt) / 1000))
  const date = parseHttpDate(headers.get('date'), receivedAt)
  const apparent = date === undefined ? 0 : Math.max(0, Math.floor((receivedAt - date) / 1000))
  return Math.max(apparent, corrected)
}

/**
 * Reads the lifetime of the upstream's response; 0 if it is malformed, undefined if there is none.
 */
function explicitLifetime(
  headers: Headers,
  control: CacheControl,
  times: ResponseTimes,
): number | undefined {
  const { directives, targeted } = control
  for (const name of ['s-maxage', 'max-age']) {
    // Surrogate-Control may add the seconds after which it is served no more: `max-age=600+60`.
    if (directives.has(name)) return parseSeconds(directives.get(name)?.replace(/\+\d+$/, '')) ?? 0
  }
  const expires = headers.get('expires')
  if (targeted || expires === null) return undefined
  // Section 5.3: what is no date, `0` above all, lies in the past.
  const end = parseHttpDate(expires, times.receivedAt)
  if (end === undefined) return 0
  const made = parseHttpDate(headers.get('date'), times.receivedAt) ?? times.receivedAt
  return Math.max(0, Math.floor((end - made) / 1000))
}

/** The route's own word. An upstream that speaks to the caches of HTTP/1.0 alone has not been silent. */
function assumedLifetime(
  status: number,
  headers: Headers,
  { maxAge }: FreshnessRules,
): number | undefined {
  const old =
    !headers.has('cache-control') &&
    headers.get('pragma')?.toLowerCase().includes('no-cache') === true
  return status === 200 && !old ? maxAge : undefined
}
