/** What the tests of this room share: a moment, and a store in memory whose clock tests move. */
import { type AtomicStore, type MemoryStoreOptions, memoryStore } from '../../src/store/index.ts'
import type { StoreUnderTest } from '../../src/testing/index.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)

/** A store in memory on a clock of its own, perhaps changed for the worse. */
export function memoryAt(
  options: MemoryStoreOptions = {},
  change: (store: AtomicStore) => Partial<AtomicStore> = () => ({}),
): StoreUnderTest {
  let now = noon
  const store = memoryStore({ clock: () => now, ...options })
  return {
    store: { ...store, ...change(store) },
    now: () => now,
    elapse(ms): void {
      now += ms
    },
    ...(options.maxPerUser !== undefined && { maxPerUser: options.maxPerUser }),
  }
}
