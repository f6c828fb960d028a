/**
 * Remembers per isolate when a cached address became invalid. `location.ts` and `public-cache.ts`
 * use it. It forgets everything once it is full, since each entry is useful for a minute only.
 */

/** Times in epoch milliseconds, or counts, by address. */
export interface InvalidationTimes {
  get(address: string): number | undefined
  set(address: string, value: number): void
  delete(address: string): void
}

const maxAddresses = 1000

/** Makes notes that forget everything once they are full: each is only of use for a minute. */
export function createInvalidationTimes(): InvalidationTimes {
  const times = new Map<string, number>()
  return {
    get: (address) => times.get(address),
    set(address, value): void {
      if (times.size >= maxAddresses) times.clear()
      times.set(address, value)
    },
    delete: (address) => void times.delete(address),
  }
}
