import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BoundedMap, createBoundedMap } from '../../src/memory/bounded-map.ts'

interface Value {
  readonly name: string
  readonly until: number
}

/** The same rules, by looking at every entry each time. */
function createPlainMap(max: number): BoundedMap<Value> & { readonly forgotten: string[] } {
  let entries: Array<[key: string, value: Value]> = []
  const forgotten: string[] = []
  const forget = (condemned: (key: string, value: Value, index: number) => boolean): void => {
    const kept = entries.filter(([key, value], index) => !condemned(key, value, index))
    forgotten.push(...entries.filter((entry) => !kept.includes(entry)).map(([key]) => key))
    entries = kept
  }

  return {
    forgotten,
    get size(): number {
      return entries.length
    },
    get(key, nowMs) {
      const value = entries.find(([own]) => own === key)?.[1]
      if (value === undefined || nowMs < value.until) return value
      forget((own) => own === key)
      return undefined
    },
    put(key, value, nowMs) {
      const isKnown = entries.some(([own]) => own === key)
      if (!isKnown && entries.length >= max) {
        forget((_, { until }) => until <= nowMs)
        const surplus = entries.length - (max - 1)
        forget((_key, _value, index) => index < surplus)
      }
      entries = [...entries.filter(([own]) => own !== key), [key, value]]
    },
    delete: (key) => forget((own) => own === key),
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.constant('put'), fc.nat(12), fc.integer({ min: 1, max: 40 })),
  },
  { weight: 3, arbitrary: fc.tuple(fc.constant('get'), fc.nat(12), fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('delete'), fc.nat(12), fc.constant(0)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('wait'), fc.constant(0), fc.nat(15)) },
)

describe('a bounded map', () => {
  it('forgets what a look at every entry would forget, in any history', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(step, { maxLength: 120 }),
        (max, steps) => {
          const forgotten: string[] = []
          const map = createBoundedMap<Value>(max, (key) => forgotten.push(key))
          const plain = createPlainMap(max)
          let now = 1000

          for (const [action, index, ms] of steps) {
            const key = `key ${index}`
            if (action === 'wait') now += ms
            for (const each of [map, plain]) {
              if (action === 'put') each.put(key, { name: key, until: now + ms }, now)
              if (action === 'delete') each.delete(key)
            }
            if (action === 'get') expect(map.get(key, now)).toEqual(plain.get(key, now))
            expect(map.size).toBe(plain.size)
            expect([...forgotten].sort()).toEqual([...plain.forgotten].sort())
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  // Marks that expire soon among sessions that do not: each new one finds another that has expired meanwhile.
  it.each([1000, 4000])('looks at few of %i entries to put another one', (max) => {
    let looks = 0
    const createValue = (until: number): Value => ({
      name: '',
      get until(): number {
        looks++
        return until
      },
    })
    const map = createBoundedMap<Value>(max)
    const putMany = (count: number, from: number): void => {
      for (let index = 0; index < count; index++) {
        const now = from + index
        const life = index % 2 === 0 ? max : 1_000_000
        map.put(`${from} ${index}`, createValue(now + life), now)
      }
    }

    putMany(2 * max, 0)
    looks = 0
    putMany(max, 2 * max)
    expect(map.size).toBe(max)
    expect(looks / max).toBeLessThan(100)
  })
})
