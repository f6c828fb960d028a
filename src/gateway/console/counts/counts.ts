/**
 * Counts requests and events by minute in bounded memory: the last hour, and a bounded number of
 * names in each minute. The console's stores write to it and its page reads it. Names beyond the
 * bound are counted as `other`.
 */
import type { RecentRequest } from './recent.ts'

/** The kinds of counts. The name behind a kind is a reason, a route, an upstream or a source. */
export type CountKind =
  | 'decision'
  | 'reason'
  | 'event'
  | 'limit'
  | 'upstream'
  | 'failure'
  | 'millis'
  | 'csp'

/** One minute. Keys are `kind name`. */
export interface Minute {
  /** Minutes since the epoch. */
  readonly at: number
  readonly counts: ReadonlyMap<string, number>
}

/** The state of an upstream or the store by its last event; it holds until another event changes it. */
export interface HealthState {
  /** The event, such as `breaker-opened`. */
  readonly type: string
  readonly reason: string | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Everything that a page of the console is made from. */
export interface ConsoleData {
  /** The minutes in which something happened, the oldest first. */
  readonly minutes: readonly Minute[]
  /** The newest first. */
  readonly recent: readonly RecentRequest[]
  /** By `breaker name` or `health name`. */
  readonly states: ReadonlyMap<string, HealthState>
}

/** Counters in the memory of one isolate. */
export interface Counts {
  add(now: number, kind: CountKind, name: string, by?: number): void
  remember(request: RecentRequest): void
  setState(key: string, state: HealthState): void
  read(now: number): ConsoleData
}

/** How many minutes are kept. */
export const shownMinutes = 60
/** Names in one minute; what comes beyond is counted under the name `other` of its kind. */
export const maxNames = 300
/** How many of the latest requests are listed. */
export const maxRecent = 50
const maxStates = 200

/** Which minute a moment is in. */
export function findMinute(now: number): number {
  return Math.floor(now / 60_000)
}

/** Adds to a count; a name that no longer fits is counted as `other`. */
export function increase(
  counts: Map<string, number>,
  kind: CountKind,
  name: string,
  by: number,
): void {
  const wanted = `${kind} ${name}`
  const key = counts.has(wanted) || counts.size < maxNames ? wanted : `${kind} other`
  counts.set(key, (counts.get(key) ?? 0) + by)
}

/** Creates counters. */
export function createCounts(): Counts {
  const minutes = new Map<number, Map<string, number>>()
  const states = new Map<string, HealthState>()
  let recent: RecentRequest[] = []
  let current: { readonly at: number; readonly counts: Map<string, number> } | undefined

  function findCounts(at: number): Map<string, number> {
    if (current?.at === at) return current.counts

    const counts = minutes.get(at) ?? new Map<string, number>()
    minutes.set(at, counts)
    // A clock that went back must not let the list grow either.
    for (const old of minutes.keys()) if (isPast(old, at)) minutes.delete(old)
    current = { at, counts }

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
      const last = findMinute(now)
      return {
        minutes: [...minutes]
          .filter(([at]) => !isPast(at, last))
          .map(([at, counts]) => ({ at, counts }))
          .sort((a, b) => a.at - b.at),
        recent: recent.slice(-maxRecent).reverse(),
        states,
      }
    },
  }
}

function isPast(at: number, now: number): boolean {
  return at <= now - shownMinutes || at > now
}
