/**
 * Counts requests and events by minute in the memory of one isolate: the last hour, and at most 300
 * names in each minute. `store.ts` writes to the counts, `redis-counts.ts` shares their bounds, and the
 * console's page reads their types. Beyond the bounds data is dropped without an error: further names
 * are counted as `other`, older minutes and requests are removed, and states of further upstreams are
 * not recorded.
 */
import type { RecentRequest } from './recent.ts'

/** The kinds of counts. A count has a kind and a name, which is a reason, an event, an upstream or a source. */
export type CountKind =
  | 'decision'
  | 'reason'
  | 'event'
  | 'limit'
  | 'upstream'
  | 'failure'
  | 'millis'
  | 'csp'

/** The counts of one minute. A key is the kind, a space and the name. */
export interface Minute {
  /** Minutes since the epoch. */
  readonly at: number
  readonly counts: ReadonlyMap<string, number>
}

/** The state of an upstream or the store. It is that of the last event and stays until another event changes it. */
export interface HealthState {
  /** The event, such as `breaker-opened`. */
  readonly type: string
  readonly reason: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** The data from which a page of the console is rendered. */
export interface ConsoleData {
  /** The minutes that have counts, the oldest first. */
  readonly minutes: readonly Minute[]
  /** The latest requests, the newest first. */
  readonly recent: readonly RecentRequest[]
  /** States by key. A key is `breaker` or `health`, a space and the name of an upstream, or `health store`. */
  readonly states: ReadonlyMap<string, HealthState>
}

/** Counters in the memory of one isolate. */
export interface Counts {
  /** Adds `by` (default 1) to a count. */
  add(now: number, kind: CountKind, name: string, by?: number): void
  /** Adds a request to the list of the latest requests. */
  remember(request: RecentRequest): void
  setState(key: string, state: HealthState): void
  read(now: number): ConsoleData
}

/** Number of minutes for which counts are kept. */
export const shownMinutes = 60
/** Maximum number of names in one minute. Further names are counted under the name `other` of their kind. */
export const maxNames = 300
/** Maximum number of requests that are listed. */
export const maxRecent = 50
const maxStates = 200

/** Converts milliseconds since the epoch to minutes since the epoch. */
export function findMinute(now: number): number {
  return Math.floor(now / 60_000)
}

/** Adds to a count. A new name beyond the maximum is counted as `other`. */
export function increase(
  counts: Map<string, number>,
  kind: CountKind,
  name: string,
  by: number,
): void {
  const ownKey = `${kind} ${name}`
  const key = counts.has(ownKey) || counts.size < maxNames ? ownKey : `${kind} other`
  counts.set(key, (counts.get(key) ?? 0) + by)
}

/** Creates empty counters. */
export function createCounts(): Counts {
  const minutes = new Map<number, Map<string, number>>()
  const states = new Map<string, HealthState>()
  let recent: RecentRequest[] = []
  let current: { readonly at: number; readonly counts: Map<string, number> } | undefined

  function findCounts(minute: number): Map<string, number> {
    if (current?.at === minute) return current.counts

    const counts = minutes.get(minute) ?? new Map<string, number>()
    minutes.set(minute, counts)
    // Minutes after the current one are removed too, so that a clock that is set back does not make the map grow.
    for (const knownMinute of minutes.keys())
      if (isOutsideHour(knownMinute, minute)) minutes.delete(knownMinute)
    current = { at: minute, counts }

    return counts
  }

  return {
    add(now, kind, name, by = 1): void {
      increase(findCounts(findMinute(now)), kind, name, by)
    },
    remember(request): void {
      recent.push(request)
      if (recent.length >= maxRecent * 4) recent = recent.slice(-maxRecent)
    },
    setState(key, state): void {
      if (states.has(key) || states.size < maxStates) states.set(key, state)
    },
    read(now): ConsoleData {
      const currentMinute = findMinute(now)
      return {
        minutes: [...minutes]
          .filter(([minute]) => !isOutsideHour(minute, currentMinute))
          .map(([minute, counts]) => ({ at: minute, counts }))
          .sort((a, b) => a.at - b.at),
        recent: recent.slice(-maxRecent).reverse(),
        states,
      }
    },
  }
}

function isOutsideHour(minute: number, currentMinute: number): boolean {
  return minute <= currentMinute - shownMinutes || minute > currentMinute
}
