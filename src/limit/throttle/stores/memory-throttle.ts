/** Failed logins in the memory of one process: for tests and development. */
import { checkKeys, createIssues, parseWholeNumber } from '../../../options/index.ts'
import {
  type AttemptReply,
  type Counters,
  DAY_MS,
  FIRST_WAIT_MS,
  type Outcome,
  type Streak,
  type ThrottleStore,
  TICKET_MS,
} from './store.ts'

/** Options of {@link memoryThrottle}. */
export interface MemoryThrottleOptions {
  /** Counters kept; the one longest untouched goes first. Default 10,000, at most 1,000,000. */
  readonly maxEntries?: number
}

interface ThrottleEntry {
  n: number
  /** Until when a streak waits, or when a day ends. */
  u: number
  /** When it is forgotten. */
  end: number
}
/** How an attempt is settled, and until when the wait lasts that it began. */
interface Settling {
  readonly outcome: Outcome
  readonly now: number
  readonly began: number | undefined
}
interface ThrottleTicket {
  state: 'open' | 'success' | 'void'
  /** The wait that the attempt began, by streak. */
  readonly waits: readonly number[]
  readonly end: number
}

function takeOff(entry: ThrottleEntry | undefined, off: number): void {
  if (entry !== undefined) entry.n = Math.max(0, entry.n - off)
}

/**
 * Creates a store in memory. Its guarantees hold in one process only: on Workers every isolate would count alone, so that an
 * attacker has as many limits as there are isolates. Enough other failures push a counter out.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * loginThrottle({ store: memoryThrottle(), secret, platform: 'node' })
 */
export function memoryThrottle(options: MemoryThrottleOptions = {}): ThrottleStore {
  const issues = createIssues('memoryThrottle')
  checkKeys(issues, options, ['maxEntries'])

  const bounds = { min: 10, max: 1_000_000, unit: 'counters' }
  const max = parseWholeNumber(issues, 'maxEntries', options?.maxEntries, bounds) ?? 10_000
  issues.throwIfAny()

  const entries = new Map<string, ThrottleEntry>()
  const tickets = new Map<string, ThrottleTicket>()

  function findEntry(key: string, nowMs: number): ThrottleEntry | undefined {
    const entry = entries.get(key)
    return entry !== undefined && entry.end > nowMs ? entry : undefined
  }

  async function attempt(
    { ticket, streaks, days }: Counters,
    nowMs: number,
  ): Promise<AttemptReply> {
    const counted = [
      ...streaks.map(({ key, free, longest }) => ({
        ...toCounter(key, nowMs),
        free,
        longest,
        daily: false,
      })),
      ...days.map(({ key, most: free }) => ({
        ...toCounter(key, nowMs),
        free,
        longest: DAY_MS,
        daily: true,
      })),
    ]

    const before = tickets.get(ticket)
    if (before !== undefined && before.end > nowMs) {
      return { is: 'allowed', failures: counted.map(({ n }) => Math.max(0, n - 1)) }
    }

    let [waitMs, by] = [0, 0]
    for (const [index, { n, u, free, longest, daily }] of counted.entries()) {
      const left = Math.min(longest, daily && n < free ? 0 : u - nowMs)
      if (left > waitMs) [waitMs, by] = [left, index]
    }

    if (waitMs > 0) return { is: 'denied', waitMs, by }

    for (const { key, own = key } of streaks) {
      if (own !== key)
        setBounded(entries, own, { n: toCounter(own, nowMs).n + 1, u: 0, end: nowMs + DAY_MS })
    }

    const waits = counted.map(({ key, n, u, free, longest, daily }) => {
      const over = n + 1 - free
      const until = daily
        ? u || nowMs + DAY_MS
        : over < 0
          ? 0
          : nowMs + Math.min(longest, FIRST_WAIT_MS * 2 ** over)

      setBounded(entries, key, { n: n + 1, u: until, end: daily ? until : nowMs + DAY_MS })
      return until
    })

    setBounded(tickets, ticket, { state: 'open', waits, end: nowMs + TICKET_MS })
    return { is: 'allowed', failures: counted.map(({ n }) => n) }
  }

  function toCounter(key: string, nowMs: number): { key: string; n: number; u: number } {
    const { n = 0, u = 0 } = findEntry(key, nowMs) ?? {}
    return { key, n, u }
  }

  function setBounded<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key)
    map.set(key, value)

    const [oldest] = map.size > max ? map.keys() : []
    if (oldest !== undefined) map.delete(oldest)
  }

  function settleStreak({ key, own = key }: Streak, { outcome, now, began }: Settling): void {
    const entry = findEntry(key, now)
    const mine = own === key ? entry : findEntry(own, now)

    // A success takes off what failed under its own text; what failed under others stays.
    const off = outcome === 'success' ? (mine?.n ?? 1) : 1
    if (outcome === 'success') entries.delete(own)
    else if (mine !== entry) takeOff(mine, 1)
    if (entry === undefined) return

    takeOff(entry, off)
    // The wait that this attempt began ends with it; one that another began since stays.
    if (entry.u === began) entry.u = 0
    if (entry.n === 0 && outcome === 'success') entries.delete(key)
  }

  return {
    attempt,
    async settle({ ticket, streaks, days }, outcome, nowMs): Promise<boolean> {
      const open = tickets.get(ticket)
      if (open === undefined || open.end <= nowMs) return false
      if (open.state !== 'open') return open.state === outcome

      open.state = outcome
      for (const [index, streak] of streaks.entries())
        settleStreak(streak, { outcome, now: nowMs, began: open.waits[index] })
      for (const { key } of days) takeOff(findEntry(key, nowMs), 1)

      return true
    },
  }
}
