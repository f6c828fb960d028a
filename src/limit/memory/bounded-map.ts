/**
 * A bounded map of entries that expire: what one isolate remembers, whatever strangers send. The
 * memory limiter, blocked keys and the console use it. A full map forgets expired entries first,
 * then the oldest.
 */

/** An entry, and when nobody needs it any more. */
export interface ExpiringValue {
  readonly until: number
}

/** A map that never holds more than its bound. */
export interface BoundedMap<V extends ExpiringValue> {
  readonly size: number
  get(limitKey: string, nowMs: number): V | undefined
  /** Puts an entry where the longest unused is last to go; makes room first. */
  put(limitKey: string, value: V, nowMs: number): void
  delete(limitKey: string): void
}

/** An empty map for at most so many entries. */
export function createBoundedMap<V extends ExpiringValue>(max: number): BoundedMap<V> {
  const entries = new Map<string, V>()
  /** Nothing expires before this moment: until then a full map need not be searched for what did. */
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
      // A Map keeps the order of insertion: taken out and put back, an entry is the youngest.
      if (!entries.delete(limitKey) && entries.size >= max) makeRoom(nowMs)
      entries.set(limitKey, value)
      earliest = Math.min(earliest, value.until)
    },
    delete: (limitKey) => void entries.delete(limitKey),
  }
}
