/**
 * Counts failed logins inside a Durable Object: the verbs that `limit/durable-object/throttle.ts`
 * sends to it. `PortcullisObject` runs each verb in a transaction, and nothing here waits, so
 * attempts at the same time are counted one after the other.
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
  /** Failures. */
  readonly n: number
  /** Until when a streak waits, or when a day ends. */
  readonly u: number
}

interface Ticket {
  readonly state: 'open' | Outcome
  /** The waits that the attempt began, by place. */
  readonly waits: readonly number[]
}

/** A counter that an attempt is held against. */
interface Counted extends Counter {
  readonly key: string
  readonly free: number
  readonly longest: number
  readonly daily: boolean
}

/** Makes the table. */
export function createAttemptTables(sql: ObjectSql): void {
  createValueSchema(sql, 'attempts')
}

/** The verbs over a database whose table is there. */
export function createAttempts(parts: ValueTableParts) {
  const { find, keep, change: changeValue, forget: forgetValue } = openValueTable('attempts', parts)

  /** Changes a counter, and not when it is forgotten. */
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

  /** Counts one failure, and says until when it makes the next attempt wait. */
  function countFailure({ key, n, u, free, longest, daily }: Counted, now: number): number {
    const surplus = n + 1 - free
    const wait = surplus < 0 ? 0 : now + Math.min(longest, FIRST_WAIT_MS * 2 ** surplus)
    const until = daily ? (u > now ? u : now + DAY_MS) : wait
    keep(`c ${key}`, { n: n + 1, u: until }, daily ? until - now : DAY_MS)
    return until
  }

  function settleStreak(
    { key, own = key }: Streak,
    outcome: Outcome,
    wait: number | undefined,
  ): void {
    const counter = find<Counter>(`c ${key}`)
    const mine = find<Counter>(`c ${own}`)
    if (own !== key && mine !== undefined) {
      if (outcome === 'success') forget(own)
      else change(own, { ...mine, n: Math.max(0, mine.n - 1) })
    }
    if (counter === undefined) return

    // A success takes off what failed under its own text; what failed under others stays.
    const off = outcome === 'success' ? Math.max(1, mine?.n ?? 1) : 1
    const n = Math.max(0, counter.n - off)
    if (n === 0 && outcome === 'success') return void forget(key)
    // The wait that this attempt began ends with it; one that another began since stays.
    change(key, { n, u: counter.u === wait ? 0 : counter.u })
  }

  return {
    attempt(counters: Counters, now: number): AttemptReply {
      const ticket = find<Ticket>(`k ${counters.ticket}`)
      const counted = listCounted(counters)
      // The same question again, its answer lost: it was counted.
      if (ticket !== undefined && ticket.state !== 'void')
        return { is: 'allowed', failures: counted.map(({ n }) => Math.max(0, n - 1)) }

      let [waitMs, by] = [0, 0]
      for (const [place, { n, u, free, longest, daily }] of counted.entries()) {
        const left = Math.min(longest, daily && n < free ? 0 : u - now)
        if (left > waitMs) [waitMs, by] = [left, place]
      }
      if (waitMs > 0) return { is: 'denied', waitMs, by }

      for (const { key, own = key } of counters.streaks)
        if (own !== key) keep(`c ${own}`, { n: findCounter(own).n + 1, u: 0 }, DAY_MS)
      const waits = counted.map((each) => countFailure(each, now))
      keep(`k ${counters.ticket}`, { state: 'open', waits }, TICKET_MS)
      return { is: 'allowed', failures: counted.map(({ n }) => n) }
    },

    settle({ ticket, streaks, days }: Counters, outcome: Outcome): boolean {
      const open = find<Ticket>(`k ${ticket}`)
      if (open === undefined) return false
      if (open.state !== 'open') return open.state === outcome

      changeValue(`k ${ticket}`, { ...open, state: outcome })
      for (const [place, streak] of streaks.entries())
        settleStreak(streak, outcome, open.waits[place])
      for (const { key } of days) {
        const counter = find<Counter>(`c ${key}`)
        if (counter !== undefined) change(key, { ...counter, n: Math.max(0, counter.n - 1) })
      }
      return true
    },
  }
}
