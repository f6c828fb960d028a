import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { DAY_MS, TICKET_MS } from '../../src/limit/throttle/stores/store.ts'
import { noon, throttleContract } from './throttle-contract.ts'

throttleContract('memoryThrottle', () => memoryThrottle())

describe('memoryThrottle', () => {
  const streak = (key: string): { key: string; free: number; longest: number } => ({
    key,
    free: 5,
    longest: 900_000,
  })

  it('keeps as many counters as it is told, and forgets the one longest untouched', async () => {
    const store = memoryThrottle({ maxEntries: 10 })
    const attempt = (n: number): Promise<unknown> =>
      store.attempt(
        { ticket: `${n}-${Math.random()}`, streaks: [streak(`key-${n}`)], days: [] },
        noon,
        {},
      )
    for (let n = 0; n < 10; n++) await attempt(n)
    expect(await attempt(0)).toMatchObject({ failures: [1] })
    await attempt(10)
    expect(await attempt(0)).toMatchObject({ failures: [2] })
    expect(await attempt(1)).toMatchObject({ failures: [0] })
  })

  it('forgets a streak a day after its last failure, and a ticket after two minutes', async () => {
    const store = memoryThrottle()
    const counters = { ticket: 'one', streaks: [streak('a')], days: [] }
    await store.attempt(counters, noon, {})
    expect(await store.settle(counters, 'void', noon + TICKET_MS, {})).toBe(false)
    const later = (at: number): Promise<unknown> =>
      store.attempt({ ...counters, ticket: `${at}` }, at, {})
    expect(await later(noon + DAY_MS - 1)).toMatchObject({ failures: [1] })
    expect(await later(noon + 2 * DAY_MS)).toMatchObject({ failures: [0] })
  })

  it('names every option that is wrong', () => {
    expect(() => memoryThrottle({ maxEntries: 0 })).toThrow(
      'memoryThrottle.maxEntries must be a whole number of counters from 10 to 1000000',
    )
    expect(() => memoryThrottle({ maxEntrys: 20 } as object)).toThrow(
      'memoryThrottle.maxEntrys is not an option; did you mean maxEntries?',
    )
  })
})
