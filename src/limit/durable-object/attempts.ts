/**
 * Counts failed logins inside a Durable Object, in a SQL table of the object. The class
 * `PortcullisObject` calls these functions for `durableObjectThrottle()`, each inside a
 * transaction. Nothing here awaits, so parallel attempts are counted one after another. An attempt
 * that is sent twice counts once, and an attempt that is settled after 2 minutes (`TICKET_MS`)
 * stays counted as failed. Arguments are not validated here, and SQL errors are thrown to the
 * object.
 */
import type { ObjectSql } from '../../store/durable-object/platform.ts'
import {
  createValueSchema,
  openValueTable,
  type ValueTableParts,
} from '../../store/durable-object/value-table.ts'
import {
  type AttemptReply,
  type Counters,
  DAY_MS,
  FIRST_WAIT_MS,
  type Outcome,
  type Streak,
  TICKET_MS,
} from '../throttle/stores/store.ts'

interface Counter {
  /** The number of failures. */
  readonly n: number
  /** The moment until which a streak waits, or at which a day ends. */
  readonly u: number
}

interface Ticket {
  readonly state: 'open' | Outcome
  /** The end of the wait that the attempt began on each counter, in the order of the counters. */
  readonly waits: readonly number[]
}

/** A counter that an attempt is compared with. */
interface Counted extends Counter {
  readonly key: string
  readonly free: number
  readonly longest: number
  readonly daily: boolean
}

/** Creates the table of attempts. */
export function createAttemptTables(sql: ObjectSql): void {
  createValueSchema(sql, 'attempts')
}

/** Creates the functions of an object whose table exists. */
export function createAttempts(parts: ValueTableParts) {
  const { find, keep, change: changeValue, forget: forgetValue } = openValueTable('attempts', parts)

  /** Changes a counter without its expiry. */
  const change = (key: string, value: Counter): void => changeValue(`c ${key}`, value)
  const forget = (key: string): void => forgetValue(`c ${key}`)
  const findCounter = (key: string): Counter => find<Counter>(`c ${key}`) ?? { n: 0, u: 0 }

  function listCounted({ streaks, days }: Counters): Counted[] {
    return [
      ...streaks.map(({ key, free, longest }) => ({
        ...{ key, free, longest, daily: false },
        ...findCounter(key),
      })),
      ...days.map(({ key, most }) => ({
        ...{ key, free: most, longest: DAY_MS, daily: true },
        ...findCounter(key),
      })),
    ]
  }

  /** Counts one failure, and returns the moment until which the next attempt must wait. */
  function countFailure({ key, n, u, free, longest, daily }: Counted, now: number): number {
    const surplus = n + 1 - free
    const wait = surplus < 0 ? 0 : now + Math.min(longest, FIRST_WAIT_MS * 2 ** surplus)
    const waitEnd = daily ? (u > now ? u : now + DAY_MS) : wait
    keep(`c ${key}`, { n: n + 1, u: waitEnd }, daily ? waitEnd - now : DAY_MS)
    return waitEnd
  }

  function settleStreak(
    { key, own = key }: Streak,
    outcome: Outcome,
    wait: number | undefined,
  ): void {
    const counter = find<Counter>(`c ${key}`)
    const ownCounter = find<Counter>(`c ${own}`)
    if (own !== key && ownCounter !== undefined) {
      if (outcome === 'success') forget(own)
      else change(own, { ...ownCounter, n: Math.max(0, ownCounter.n - 1) })
    }
    if (counter === undefined) return

    // A success removes the failures of its own spelling of the account. Failures of other
    // spellings stay.
    const removedCount = outcome === 'success' ? Math.max(1, ownCounter?.n ?? 1) : 1
    const n = Math.max(0, counter.n - removedCount)
    if (n === 0 && outcome === 'success') return void forget(key)
    // The wait that this attempt began ends now. A wait that a later attempt began stays.
    change(key, { n, u: counter.u === wait ? 0 : counter.u })
  }

  return {
    attempt(counters: Counters, now: number): AttemptReply {
      const ticket = find<Ticket>(`k ${counters.ticket}`)
      const counterEntries = listCounted(counters)
      // The same attempt was sent again because its answer was lost. It is counted already.
      if (ticket !== undefined && ticket.state !== 'void')
        return { is: 'allowed', failures: counterEntries.map(({ n }) => Math.max(0, n - 1)) }

      let [waitMs, slowest] = [0, 0]
      for (const [place, { n, u, free, longest, daily }] of counterEntries.entries()) {
        const remainingMs = Math.min(longest, daily && n < free ? 0 : u - now)
        if (remainingMs > waitMs) [waitMs, slowest] = [remainingMs, place]
      }
      if (waitMs > 0) return { is: 'denied', waitMs, by: slowest }

      for (const { key, own = key } of counters.streaks)
        if (own !== key) keep(`c ${own}`, { n: findCounter(own).n + 1, u: 0 }, DAY_MS)
      const waits = counterEntries.map((each) => countFailure(each, now))
      keep(`k ${counters.ticket}`, { state: 'open', waits }, TICKET_MS)
      return { is: 'allowed', failures: counterEntries.map(({ n }) => n) }
    },

    settle({ ticket, streaks, days }: Counters, outcome: Outcome): boolean {
      const ticketEntry = find<Ticket>(`k ${ticket}`)
      if (ticketEntry === undefined) return false
      if (ticketEntry.state !== 'open') return ticketEntry.state === outcome

      changeValue(`k ${ticket}`, { ...ticketEntry, state: outcome })
      for (const [place, streak] of streaks.entries())
        settleStreak(streak, outcome, ticketEntry.waits[place])
      for (const { key } of days) {
        const counter = find<Counter>(`c ${key}`)
        if (counter !== undefined) change(key, { ...counter, n: Math.max(0, counter.n - 1) })
      }
      return true
    },
  }
}
