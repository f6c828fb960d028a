import { describe, expect, it } from 'vitest'
import type { LimitResult } from '../../src/limit/index.ts'
import { createBlockedKeys } from '../../src/limit/memory/blocked-keys.ts'
import { createBoundedMap } from '../../src/memory/bounded-map.ts'
import { noon } from './support.ts'

const denied = (retryAt: number): LimitResult => ({
  ...{ allowed: false, limit: 5, remaining: 0, retryAfter: Math.ceil((retryAt - noon) / 1000) },
  ...{ retryAt, resetAt: retryAt, degraded: false },
})

describe('what is known to be blocked', () => {
  it('is blocked until the retry time, to the millisecond', () => {
    const known = createBlockedKeys(10)
    known.note('a', 1, denied(noon + 2_500), noon)
    expect(known.find('a', 1, noon)).toMatchObject({
      allowed: false,
      retryAfter: 3,
      retryAt: noon + 2_500,
    })
    expect(known.find('a', 1, noon + 2_499)).toMatchObject({ allowed: false, retryAfter: 1 })
    expect(known.find('a', 1, noon + 2_500)).toBeUndefined()
    expect(known.size).toBe(0)
  })

  it('says nothing of other keys, and of what costs less', () => {
    const known = createBlockedKeys(10)
    known.note('a', 3, denied(noon + 2_500), noon)
    expect(known.find('b', 3, noon)).toBeUndefined()
    expect(known.find('a', 2, noon)).toBeUndefined()
    expect(known.find('a', 3, noon)).toMatchObject({ allowed: false })
    expect(known.find('a', 4, noon)).toMatchObject({ allowed: false })
  })

  it('does not hold what was allowed, what never will be, or what is over', () => {
    const known = createBlockedKeys(10)
    known.note('a', 1, { ...denied(noon + 1), allowed: true }, noon)
    known.note('b', 9, denied(Number.POSITIVE_INFINITY), noon)
    known.note('c', 1, denied(noon), noon)
    known.note('d', 1, denied(Number.NaN), noon)
    expect(known.size).toBe(0)
  })

  it('is forgotten when the clock is set back', () => {
    const known = createBlockedKeys(10)
    known.note('a', 1, denied(noon + 60_000), noon)
    expect(known.find('a', 1, noon - 1)).toBeUndefined()
  })

  it('L3: does not block once more when the clock comes to that moment again', () => {
    const known = createBlockedKeys(10)
    known.note('a', 1, denied(noon + 60_000), noon)
    expect(known.find('a', 1, noon - 3_600_000)).toBeUndefined()
    expect(known.find('a', 1, noon + 1)).toBeUndefined()
  })

  it('never holds more than its bound, and 0 holds nothing', () => {
    const known = createBlockedKeys(1_000)
    for (let i = 0; i < 1_000_000; i++) {
      known.note(`key ${i}`, 1, denied(noon + 60_000 + (i % 7)), noon)
      if (i % 1_000 === 0) expect(known.size).toBeLessThanOrEqual(1_000)
    }
    expect(known.size).toBe(1_000)
    expect(known.find('key 999999', 1, noon)).toBeDefined()
    expect(known.find('key 0', 1, noon)).toBeUndefined()
    const none = createBlockedKeys(0)
    none.note('a', 1, denied(noon + 60_000), noon)
    expect(none.size).toBe(0)
  })

  it('drops what expired before it drops what has not', () => {
    const map = createBoundedMap<{ until: number }>(3)
    map.put('short', { until: noon + 10 }, noon)
    map.put('long', { until: noon + 1_000 }, noon)
    map.put('longer', { until: noon + 2_000 }, noon)
    map.put('new', { until: noon + 2_000 }, noon + 10)
    expect(
      ['short', 'long', 'longer', 'new'].map((key) => map.get(key, noon + 10) !== undefined),
    ).toEqual([false, true, true, true])
  })
})
