/**
 * Declares the tests that every limiter must pass: it counts units, keeps keys apart, rejects
 * invalid costs and returns the documented results. `limiterContract()` calls it. A limiter that
 * breaks a promise fails the test of that name.
 */
import type { LimiterCheck } from './contract.ts'

/** Keys that a careless limiter confuses with each other, or with patterns and names of its own. */
const unusualKeys: readonly string[] = [
  'a',
  'a:b',
  'a',
  'A',
  'a ',
  '*',
  'a*',
  '?',
  '[a]',
  '\n',
  'a\nb',
  '\0',
  'a\0b',
  '',
  '"',
  '\\',
  'undefined',
  'null',
  'dynamic:global',
  'denyList:all',
  ':dynamic:global',
  '__proto__',
  'constructor',
  '2001',
  '2001:db8::1',
  '🦊',
  '🦊🦊',
  '\ud83e',
  '\udd8a',
  '\ud83d',
  'é',
  'e\u0301',
  'x'.repeat(10_000),
  `${'x'.repeat(9_999)}y`,
  '1.2.3.4',
  '1.2.3.4:5',
]

/** Declares the tests. */
export function takePromises(check: LimiterCheck): void {
  declareCounting(check)
  declareKeys(check)
}

/** Declares how a limiter counts units of one key over time. */
function declareCounting({ that, expect }: LimiterCheck): void {
  that(
    'allows what is free, and says what is left',
    { limit: 3, window: 60 },
    async ({ limiter, take, now }) => {
      expect([limiter.limit, limiter.window]).toEqual([3, 60])
      for (const left of [2, 1, 0]) {
        const { allowed, limit, remaining, retryAfter, resetAt, degraded } = await take('a')
        expect([allowed, limit, remaining, retryAfter, degraded]).toEqual([true, 3, left, 0, false])
        expect(resetAt > now() && resetAt <= now() + 120_000).toEqual(true)
      }

      const { allowed, limit, remaining, retryAfter, retryAt, degraded } = await take('a')
      expect([allowed, limit, remaining, degraded]).toEqual([false, 3, 0, false])
      expect(Number.isInteger(retryAfter) && retryAfter >= 1 && retryAfter <= 60).toEqual(true)
      expect(retryAfter).toEqual(Math.max(1, Math.ceil((retryAt - now()) / 1000)))
    },
  )

  that(
    'allows again when time has passed',
    { limit: 2, window: 10 },
    async ({ passes, elapse }) => {
      expect([await passes('a'), await passes('a'), await passes('a')]).toEqual([true, true, false])
      await elapse(30_000)
      expect([await passes('a'), await passes('a'), await passes('a')]).toEqual([true, true, false])
    },
  )

  that(
    'lets exactly five of 200 pass that come at once',
    { limit: 5, window: 60 },
    async ({ passes }) => {
      const all = await Promise.all(Array.from({ length: 200 }, () => passes('a')))
      expect(all.filter((passed) => passed).length).toEqual(5)
    },
  )
}

/** Declares that keys are counted and forgotten separately. */
function declareKeys({ that, expect }: LimiterCheck): void {
  that(
    'counts each key for itself, whatever is in it',
    { limit: 1, window: 60 },
    async ({ passes }) => {
      for (const key of new Set(unusualKeys)) expect([key, await passes(key)]).toEqual([key, true])
      for (const key of unusualKeys) expect([key, await passes(key)]).toEqual([key, false])
    },
  )

  that('takes several units at once', { limit: 10, window: 60 }, async ({ take, passes }) => {
    expect((await take('a', 4)).remaining).toEqual(6)
    expect((await take('a', 6)).remaining).toEqual(0)
    expect(await passes('a')).toEqual(false)
  })

  that('refuses a cost that is none', { limit: 10, window: 60 }, async ({ take, peek }) => {
    for (const cost of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const answer = await take('a', cost).then(
        () => 'taken',
        (error: unknown) => error instanceof RangeError,
      )
      expect([cost, answer]).toEqual([cost, true])
    }

    expect((await peek('a')).remaining).toEqual(10)
  })

  that('looks without taking', { limit: 2, window: 60 }, async ({ take, peek, passes }) => {
    for (let i = 0; i < 5; i++)
      expect([(await peek('a')).allowed, (await peek('a')).remaining]).toEqual([true, 2])
    expect((await take('a')).remaining).toEqual(1)
    expect((await peek('a')).remaining).toEqual(1)
    expect(await passes('a')).toEqual(true)

    const { allowed, remaining, limit } = await peek('a')
    expect([allowed, remaining, limit]).toEqual([false, 0, 2])
  })

  that('forgets one key and no other', { limit: 1, window: 60 }, async ({ passes, forget }) => {
    const others = ['ab', 'a:b', '*', 'b']
    for (const key of ['a', ...others]) expect(await passes(key)).toEqual(true)
    expect(await passes('a')).toEqual(false)
    await forget('a')
    await forget('never seen')
    await forget('*')
    expect([await passes('a'), await passes('a'), await passes('*')]).toEqual([true, false, true])
    for (const key of ['ab', 'a:b', 'b']) expect(await passes(key)).toEqual(false)
  })
}
