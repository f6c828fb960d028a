/** What every store of the throttle must do, whoever keeps the counts. */
import { beforeEach, describe, expect, it } from 'vitest'
import type {
  Counters,
  Daily,
  Streak,
  ThrottleStore,
} from '../../src/limit/throttle/stores/store.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)
const second = 1000
const hour = 3_600_000

/** Runs the contract on stores that `make` makes, each empty. */
export function throttleContract(
  name: string,
  make: () => ThrottleStore | Promise<ThrottleStore>,
): void {
  describe(name, () => {
    let store: ThrottleStore
    let tickets = 0
    beforeEach(async () => {
      store = await make()
    })
    const pair: Streak = { key: 'pair', free: 3, longest: 8 * second }
    const account: Streak = { key: 'account', free: 100, longest: 60 * second }
    const day: Daily = { key: 'day', most: 7 }
    const counters = (streaks: Streak[] = [pair, account], days: Daily[] = [day]): Counters => ({
      ...{ ticket: `ticket-${++tickets}`, streaks, days },
    })
    const attempt = (at: number, of: Counters = counters()): ReturnType<ThrottleStore['attempt']> =>
      store.attempt(of, at, {})
    const success = (of: Counters, at = noon): Promise<boolean> =>
      store.settle(of, 'success', at, {})
    const annul = (of: Counters, at = noon): Promise<boolean> => store.settle(of, 'void', at, {})

    it('lets the free ones pass and says what failed before', async () => {
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [0, 0, 0] })
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [1, 1, 1] })
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [2, 2, 2] })
      expect(await attempt(noon)).toEqual({ is: 'denied', waitMs: 1000, by: 0 })
    })

    it('doubles the wait up to the longest, and a try that is denied adds nothing to it', async () => {
      for (let i = 0; i < 2; i++) await attempt(noon)
      let at = noon
      for (const seconds of [1, 2, 4, 8, 8]) {
        expect(await attempt(at, counters([pair], []))).toMatchObject({ is: 'allowed' })
        for (let i = 0; i < 3; i++) {
          expect(await attempt(at + 10)).toEqual({
            is: 'denied',
            waitMs: seconds * second - 10,
            by: 0,
          })
        }
        at += seconds * second
      }
    })

    it('says what makes it wait longest', async () => {
      for (let i = 0; i < 7; i++) await attempt(noon, counters([], [day]))
      for (let i = 0; i < 3; i++) await attempt(noon, counters([pair], []))
      expect(await attempt(noon + hour)).toEqual({ is: 'denied', waitMs: 23 * hour, by: 2 })
    })

    it('counts a day from its first failure, and then begins another', async () => {
      for (let i = 0; i < 7; i++) await attempt(noon + i * hour, counters([], [day]))
      expect(await attempt(noon + 7 * hour, counters([], [day]))).toEqual({
        is: 'denied',
        waitMs: 17 * hour,
        by: 0,
      })
      expect(await attempt(noon + 24 * hour - 1, counters([], [day]))).toEqual({
        is: 'denied',
        waitMs: 1,
        by: 0,
      })
      expect(await attempt(noon + 24 * hour, counters([], [day]))).toEqual({
        is: 'allowed',
        failures: [0],
      })
    })

    it('success ends the streaks and takes itself, and nothing else, off the day', async () => {
      await attempt(noon)
      await attempt(noon)
      const third = counters()
      await attempt(noon, third)
      expect(await success(third)).toBe(true)
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [0, 0, 2] })
    })

    // An attacker who owns `ádmin` guesses at `admin` and clears the count by signing in as himself, again and again.
    it('T1: success under one text takes off what failed under it, and nothing that failed under another', async () => {
      const under = (text: string): Counters =>
        counters(
          [
            { ...pair, own: `pair-${text}` },
            { ...account, own: `account-${text}` },
          ],
          [],
        )
      for (let i = 0; i < 2; i++) await attempt(noon, under('victim'))
      const own = under('attacker')
      expect(await attempt(noon, own)).toEqual({ is: 'allowed', failures: [2, 2] })
      expect(await attempt(noon, under('victim'))).toMatchObject({ is: 'denied' })
      expect(await success(own)).toBe(true)
      expect(await attempt(noon, under('victim'))).toEqual({ is: 'allowed', failures: [2, 2] })
      expect(await attempt(noon, under('attacker'))).toEqual({ is: 'denied', waitMs: 1000, by: 0 })
      const last = under('victim')
      expect(await attempt(noon + 1000, last)).toEqual({ is: 'allowed', failures: [3, 3] })
      expect(await success(last, noon + 1000)).toBe(true)
      expect(await attempt(noon + 1000, under('attacker'))).toEqual({
        is: 'allowed',
        failures: [0, 0],
      })
    })

    it('T1: void takes one off the streak and off its own part', async () => {
      const under = (): Counters => counters([{ ...pair, own: 'own' }], [])
      await attempt(noon, under())
      const second = under()
      await attempt(noon, second)
      await annul(second)
      const third = under()
      expect(await attempt(noon, third)).toEqual({ is: 'allowed', failures: [1] })
      await success(third)
      expect(await attempt(noon, under())).toEqual({ is: 'allowed', failures: [0] })
    })

    it('void takes the attempt off everything, with the wait that it began', async () => {
      await attempt(noon)
      await attempt(noon)
      const third = counters()
      await attempt(noon, third)
      expect(await attempt(noon)).toMatchObject({ is: 'denied' })
      expect(await annul(third)).toBe(true)
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [2, 2, 2] })
    })

    it('void leaves a wait that another attempt began', async () => {
      const first = counters()
      await attempt(noon, first)
      await attempt(noon)
      await attempt(noon)
      expect(await annul(first)).toBe(true)
      expect(await attempt(noon)).toEqual({ is: 'denied', waitMs: 1000, by: 0 })
    })

    it('settling twice is settling once', async () => {
      await attempt(noon)
      const second = counters()
      await attempt(noon, second)
      expect(await annul(second)).toBe(true)
      expect(await annul(second)).toBe(true)
      expect(await success(second)).toBe(false)
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [1, 1, 1] })
    })

    it('what was never let through cannot be settled', async () => {
      expect(await success(counters())).toBe(false)
      for (let i = 0; i < 3; i++) await attempt(noon)
      const refused = counters()
      expect(await attempt(noon, refused)).toMatchObject({ is: 'denied' })
      expect(await success(refused)).toBe(false)
      expect(await attempt(noon)).toMatchObject({ is: 'denied' })
    })

    it('the same question sent again counts once, and gets the same answer', async () => {
      await attempt(noon)
      await attempt(noon)
      const third = counters()
      expect(await attempt(noon, third)).toEqual({ is: 'allowed', failures: [2, 2, 2] })
      expect(await attempt(noon, third)).toEqual({ is: 'allowed', failures: [2, 2, 2] })
      await annul(third)
      expect(await attempt(noon)).toEqual({ is: 'allowed', failures: [2, 2, 2] })
    })

    it('a clock that was far ahead makes nobody wait longer than the longest', async () => {
      for (let i = 0; i < 3; i++) await attempt(noon + 48 * hour, counters([pair], []))
      expect(await attempt(noon, counters([pair], []))).toEqual({
        is: 'denied',
        waitMs: 8000,
        by: 0,
      })
    })

    // for i in $(seq 200); do curl -d 'email=a@example.com&password=guess' https://app.example.com/login & done
    it('200 at once with five free: exactly five pass', async () => {
      const five = { ...pair, free: 5 }
      const made = Array.from({ length: 200 }, () => attempt(noon, counters([five], [])))
      const passed = (await Promise.all(made)).filter(({ is }) => is === 'allowed')
      expect(passed.length).toBe(5)
    })
  })
}
