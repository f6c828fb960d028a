/**
 * A map with a largest size whose entries expire, for values that one isolate remembers however
 * many keys strangers send. The memory limiter, the blocked keys of limiters and the gateway's
 * console use it. It throws nothing. A full map forgets expired entries first and then the oldest,
 * without notice to the caller.
 */

/** An entry with the moment at which it expires, in ms since the epoch. */
export interface ExpiringValue {
  readonly until: number
}

/** A map that never holds more entries than its bound. */
export interface BoundedMap<V extends ExpiringValue> {
  readonly size: number
  get(limitKey: string, nowMs: number): V | undefined
  /** Stores an entry as the youngest. A full map makes room first. */
  put(limitKey: string, value: V, nowMs: number): void
  delete(limitKey: string): void
}

/** Creates an empty map for at most `max` entries. */
export function createBoundedMap<V extends ExpiringValue>(max: number): BoundedMap<V> {
  const entries = new Map<string, V>()
  /**
   * The moment before which no entry expires. Until then a full map need not be searched for
   * expired entries.
   */
  let earliest = Number.POSITIVE_INFINITY

  function makeRoom(nowMs: number): void {
    if (nowMs >= earliest) {
      earliest = Number.POSITIVE_INFINITY
      for (const [limitKey, { until }] of entries) {
        if (until <= nowMs) entries.delete(limitKey)
        else earliest = Math.min(earliest, until)
      }
    }

    for (const limitKey of entries.keys()) {
      if (entries.size < max) return
      entries.delete(limitKey)
    }
  }

  return {
    get size(): number {
      return entries.size
    },
    get(limitKey, nowMs) {
      const value = entries.get(limitKey)
      if (value === undefined || nowMs < value.until) return value

      entries.delete(limitKey)
      return undefined
    },
    put(limitKey, value, nowMs) {
      // A Map keeps the order of insertion, so an entry that is deleted and set again becomes the
      // youngest.
      if (!entries.delete(limitKey) && entries.size >= max) makeRoom(nowMs)
      entries.set(limitKey, value)
      earliest = Math.min(earliest, value.until)
    },
    delete: (limitKey) => void entries.delete(limitKey),
  }
}
