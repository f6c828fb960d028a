/** What an isolate remembers of strangers: each loop meets `n` new ones, where `x` have a place. */
import { memoryLimiter } from '../../src/limit/memory/memory.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { memoryRevocations, memoryStore } from '../../src/store/index.ts'
import { keep, type Loop } from './scale.ts'

const hour = 3_600_000
let strangers = 0

/** Fills what was made for an `x`, so that each further stranger takes the place of another one. */
function fill(meet: (x: number) => (name: string, now: number) => Promise<unknown>): Loop {
  const filled = keep(async (x) => {
    const meetOne = meet(x)
    for (let i = 0; i < x; i++) await meetOne(`stranger ${strangers++}`, Date.now())
    return meetOne
  })
  return async (x, n) => {
    const meetOne = await filled(x)
    for (let i = 0; i < n; i++) await meetOne(`stranger ${strangers++}`, Date.now())
  }
}

/** Loops over what is kept in memory. */
export const memoryLoops: Readonly<Record<string, Loop>> = {
  limiter: fill((maxKeys) => {
    const limiter = memoryLimiter({ limit: 100, window: 60, maxKeys })
    return (name) => limiter.take(name)
  }),
  throttle: fill((maxEntries) => {
    const store = memoryThrottle({ maxEntries })
    return (name, now) => {
      const streaks = [{ key: name, free: 5, longest: 900_000 }]
      return store.attempt({ ticket: name, streaks, days: [] }, now, {})
    }
  }),
  // Ten logins of visitors a second: the mark of an old session expires long before the new one.
  store: fill((maxEntries) => {
    let now = Date.now()
    const store = memoryStore({ maxEntries, clock: () => now })
    return (name) => {
      now += 100
      const row = {
        key: name,
        index: name,
        record: 'r',
        write: name,
        now,
        idle: hour,
        end: now + hour,
      }
      return store.rotate({ key: `old ${name}` }, row, { grace: 60_000 }, {})
    }
  }),
  marks: fill((maxEntries) => {
    const revocations = memoryRevocations({ maxEntries })
    return async (name) => revocations.endMarked?.(name, { life: hour }, {})
  }),
}
