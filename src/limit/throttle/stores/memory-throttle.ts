/**
 * Creates `memoryThrottle()`, which stores failed logins in the memory of one process, for tests
 * and development. Applications pass it as `store` to `loginThrottle()` and to the gateway's login
 * throttle. Each isolate counts alone, so it protects a single process only. Wrong options throw a
 * `ConfigError`; nothing else fails. When `maxEntries` is reached, expired counters are forgotten
 * first, then the one unused for longest, so an attacker who fails on many other accounts can remove a count.
 */
import {
  type BoundedMap,
  createBoundedMap,
  type ExpiringValue,
} from '../../../memory/bounded-map.ts'
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
  /**
   * The most counters that are stored. When it is reached, expired counters are forgotten first,
   * then the one unused for longest. Default 10,000, at most 1,000,000.
   */
  readonly maxEntries?: number
}

interface ThrottleEntry extends ExpiringValue {
  n: number
  /** The moment until which a streak waits, or at which a day ends. */
  u: number
}
/** How an attempt is settled, and the end of the wait that it began. */
interface Settling {
  readonly outcome: Outcome
  readonly now: number
  readonly began: number | undefined
}
interface ThrottleTicket extends ExpiringValue {
  state: 'open' | 'success' | 'void'
  /** The end of the wait that the attempt began on each counter, in the order of the counters. */
  readonly waits: readonly number[]
}

function removeFailures(entry: ThrottleEntry | undefined, count: number): void {
  if (entry !== undefined) entry.n = Math.max(0, entry.n - count)
}

/**
 * Creates a store of failed logins in memory. It protects a single process only: on Workers every
 * isolate would count alone, so an attacker would have the limits once in each. Many failures on
 * other accounts push a counter out.
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

  const memory: ThrottleMemory = {
    entries: createBoundedMap(max),
    tickets: createBoundedMap(max),
  }

  return {
    attempt: async (counters, nowMs) => countAttempt(memory, counters, nowMs),
    async settle({ ticket, streaks, days }, outcome, nowMs): Promise<boolean> {
      const ticketEntry = memory.tickets.get(ticket, nowMs)
      if (ticketEntry === undefined) return false
      if (ticketEntry.state !== 'open') return ticketEntry.state === outcome

      ticketEntry.state = outcome
      for (const [index, streak] of streaks.entries())
        settleStreak(memory, streak, { outcome, now: nowMs, began: ticketEntry.waits[index] })
      for (const { key } of days) removeFailures(memory.entries.get(key, nowMs), 1)

      return true
    },
  }
}

interface ThrottleMemory {
  readonly entries: BoundedMap<ThrottleEntry>
  readonly tickets: BoundedMap<ThrottleTicket>
}

/** A counter with its current values, and the rule by which it makes a client wait. */
interface ThrottleCounter {
  readonly key: string
  readonly n: number
  readonly u: number
  /**
   * The number of failures with which waits begin; of a day, with which every attempt is denied.
   */
  readonly free: number
  /** The longest wait in ms. */
  readonly longest: number
  /** Whether the counter counts one day; otherwise it is a streak. */
  readonly daily: boolean
}

/**
 * Counts an attempt on all of its counters, or denies it and counts nothing. An attempt that is
 * sent again counts once.
 */
function countAttempt(memory: ThrottleMemory, counters: Counters, nowMs: number): AttemptReply {
  const { ticket, streaks } = counters
  const counterEntries = readCounters(memory, counters, nowMs)

  if (memory.tickets.get(ticket, nowMs) !== undefined) {
    return { is: 'allowed', failures: counterEntries.map(({ n }) => Math.max(0, n - 1)) }
  }

  const longestWait = findLongestWait(counterEntries, nowMs)
  if (longestWait.waitMs > 0) return { is: 'denied', ...longestWait }

  for (const { key, own = key } of streaks) {
    if (own === key) continue

    const { n } = readCounter(memory, own, nowMs)
    memory.entries.put(own, { n: n + 1, u: 0, until: nowMs + DAY_MS }, nowMs)
  }

  const waits = counterEntries.map((entry) => countFailure(memory, entry, nowMs))
  memory.tickets.put(ticket, { state: 'open', waits, until: nowMs + TICKET_MS }, nowMs)
  return { is: 'allowed', failures: counterEntries.map(({ n }) => n) }
}

/** Reads all counters of an attempt, streaks before days. */
function readCounters(
  memory: ThrottleMemory,
  { streaks, days }: Counters,
  nowMs: number,
): ThrottleCounter[] {
  return [
    ...streaks.map(({ key, free, longest }) => ({
      ...readCounter(memory, key, nowMs),
      free,
      longest,
      daily: false,
    })),
    ...days.map(({ key, most: free }) => ({
      ...readCounter(memory, key, nowMs),
      free,
      longest: DAY_MS,
      daily: true,
    })),
  ]
}

/** Finds the longest remaining wait and the position of its counter; 0 ms where none waits. */
function findLongestWait(
  counterEntries: readonly ThrottleCounter[],
  nowMs: number,
): { waitMs: number; by: number } {
  let [waitMs, slowest] = [0, 0]
  for (const [index, { n, u, free, longest, daily }] of counterEntries.entries()) {
    const remainingMs = Math.min(longest, daily && n < free ? 0 : u - nowMs)
    if (remainingMs > waitMs) [waitMs, slowest] = [remainingMs, index]
  }

  return { waitMs, by: slowest }
}

/** Adds one failure to a counter, and returns the moment until which the next attempt must wait. */
function countFailure(
  { entries }: ThrottleMemory,
  { key, n, u, free, longest, daily }: ThrottleCounter,
  nowMs: number,
): number {
  const surplus = n + 1 - free
  const waitEnd = surplus < 0 ? 0 : nowMs + Math.min(longest, FIRST_WAIT_MS * 2 ** surplus)
  const endsAt = daily ? u || nowMs + DAY_MS : waitEnd

  entries.put(key, { n: n + 1, u: endsAt, until: daily ? endsAt : nowMs + DAY_MS }, nowMs)
  return endsAt
}

function readCounter(
  memory: ThrottleMemory,
  key: string,
  nowMs: number,
): { key: string; n: number; u: number } {
  const { n = 0, u = 0 } = memory.entries.get(key, nowMs) ?? {}
  return { key, n, u }
}

function settleStreak(
  memory: ThrottleMemory,
  { key, own = key }: Streak,
  { outcome, now, began }: Settling,
): void {
  const entry = memory.entries.get(key, now)
  const ownEntry = own === key ? entry : memory.entries.get(own, now)

  // A success removes the failures of its own spelling of the account. Failures of other spellings
  // stay.
  const removed = outcome === 'success' ? (ownEntry?.n ?? 1) : 1
  if (outcome === 'success') memory.entries.delete(own)
  else if (ownEntry !== entry) removeFailures(ownEntry, 1)
  if (entry === undefined) return

  removeFailures(entry, removed)
  // The wait that this attempt began ends now. A wait that a later attempt began stays.
  if (entry.u === began) entry.u = 0
  if (entry.n === 0 && outcome === 'success') memory.entries.delete(key)
}
