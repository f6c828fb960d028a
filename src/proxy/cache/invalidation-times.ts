/**
 * Remembers times or counts by cached address, in the memory of one isolate: when a background refresh began, and which
 * invalidation of an address was the last. `public-cache.ts` creates it, and the files of the cache use it. When it
 * holds 1,000 addresses, all are forgotten without notice: a refresh may then begin again, and only the marker in the
 * store still shows that an address was invalidated. It does not throw.
 */

/** Times in epoch milliseconds, or counts, by address. */
export interface InvalidationTimes {
  get(address: string): number | undefined
  set(address: string, value: number): void
  delete(address: string): void
}

const maxAddresses = 1000

/** Creates an empty map. It is cleared when it is full, since each entry is only of use for a minute. */
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
