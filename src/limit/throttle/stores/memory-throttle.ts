/**
 * Stores failed logins in the memory of one process: for tests and development. Applications pass
 * it to the login throttle. Each isolate counts alone, so it protects a single process only; wrong
 * options are a `ConfigError`.
 */
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

  const memory: ThrottleMemory = { entries: new Map(), tickets: new Map(), max }

  return {
    attempt: async (counters, nowMs) => countAttempt(memory, counters, nowMs),
    async settle({ ticket, streaks, days }, outcome, nowMs): Promise<boolean> {
      const open = memory.tickets.get(ticket)
      if (open === undefined || open.end <= nowMs) return false
      if (open.state !== 'open') return open.state === outcome

      open.state = outcome
      for (const [index, streak] of streaks.entries())
        settleStreak(memory, streak, { outcome, now: nowMs, began: open.waits[index] })
      for (const { key } of days) takeOff(findEntry(memory, key, nowMs), 1)

      return true
    },
  }
}

interface ThrottleMemory {
  readonly entries: Map<string, ThrottleEntry>
  readonly tickets: Map<string, ThrottleTicket>
  /** Entries that each of the two may have. */
  readonly max: number
}

/** A counter as it stands, with the rule by which it makes a client wait. */
interface ThrottleCounter {
  readonly key: string
  readonly n: number
  readonly u: number
  /** Attempts that cost no wait. */
  readonly free: number
  /** The longest wait in ms. */
  readonly longest: number
  /** Whether it counts one day; otherwise it is a streak. */
  readonly daily: boolean
}

/** Counts an attempt against all of its counters, or denies it and counts nothing. A resent attempt is counted once. */
function countAttempt(memory: ThrottleMemory, counters: Counters, nowMs: number): AttemptReply {
  const { ticket, streaks } = counters
  const counted = readCounters(memory, counters, nowMs)

  const earlier = memory.tickets.get(ticket)
  if (earlier !== undefined && earlier.end > nowMs) {
    return { is: 'allowed', failures: counted.map(({ n }) => Math.max(0, n - 1)) }
  }

  const longestWait = findLongestWait(counted, nowMs)
  if (longestWait.waitMs > 0) return { is: 'denied', ...longestWait }

  for (const { key, own = key } of streaks) {
    if (own === key) continue

    const { n } = readCounter(memory, own, nowMs)
    setBounded(memory.entries, own, { n: n + 1, u: 0, end: nowMs + DAY_MS }, memory.max)
  }

  const waits = counted.map((entry) => countFailure(memory, entry, nowMs))
  setBounded(memory.tickets, ticket, { state: 'open', waits, end: nowMs + TICKET_MS }, memory.max)
  return { is: 'allowed', failures: counted.map(({ n }) => n) }
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

/** Finds the longest wait that is left, and the place of its counter; 0 ms where none waits. */
function findLongestWait(
  counted: readonly ThrottleCounter[],
  nowMs: number,
): { waitMs: number; by: number } {
  let [waitMs, by] = [0, 0]
  for (const [index, { n, u, free, longest, daily }] of counted.entries()) {
    const left = Math.min(longest, daily && n < free ? 0 : u - nowMs)
    if (left > waitMs) [waitMs, by] = [left, index]
  }

  return { waitMs, by }
}

/** Adds one failure to a counter, and returns until when it waits. */
function countFailure(
  { entries, max }: ThrottleMemory,
  { key, n, u, free, longest, daily }: ThrottleCounter,
  nowMs: number,
): number {
  const over = n + 1 - free
  const waitEnd = over < 0 ? 0 : nowMs + Math.min(longest, FIRST_WAIT_MS * 2 ** over)
  const until = daily ? u || nowMs + DAY_MS : waitEnd

  setBounded(entries, key, { n: n + 1, u: until, end: daily ? until : nowMs + DAY_MS }, max)
  return until
}

function findEntry(
  { entries }: ThrottleMemory,
  key: string,
  nowMs: number,
): ThrottleEntry | undefined {
  const entry = entries.get(key)
  return entry !== undefined && entry.end > nowMs ? entry : undefined
}

function readCounter(
  memory: ThrottleMemory,
  key: string,
  nowMs: number,
): { key: string; n: number; u: number } {
  const { n = 0, u = 0 } = findEntry(memory, key, nowMs) ?? {}
  return { key, n, u }
}

/** Keeps a value as the most recently used one; a full map forgets the one longest untouched. */
function setBounded<T>(map: Map<string, T>, key: string, value: T, max: number): void {
  map.delete(key)
  map.set(key, value)

  const [oldest] = map.size > max ? map.keys() : []
  if (oldest !== undefined) map.delete(oldest)
}

function settleStreak(
  memory: ThrottleMemory,
  { key, own = key }: Streak,
  { outcome, now, began }: Settling,
): void {
  const entry = findEntry(memory, key, now)
  const mine = own === key ? entry : findEntry(memory, own, now)

  // A success takes off what failed under its own text; what failed under others stays.
  const off = outcome === 'success' ? (mine?.n ?? 1) : 1
  if (outcome === 'success') memory.entries.delete(own)
  else if (mine !== entry) takeOff(mine, 1)
  if (entry === undefined) return

  takeOff(entry, off)
  // The wait that this attempt began ends with it; one that another began since stays.
  if (entry.u === began) entry.u = 0
  if (entry.n === 0 && outcome === 'success') memory.entries.delete(key)
}
