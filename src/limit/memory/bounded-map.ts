/** A bounded map of entries that expire: what one isolate remembers, whatever strangers send. */

/** An entry, and when nobody needs it any more. */
export interface ExpiringValue {
  readonly until: number
}

/** A map that never holds more than its bound. */
export interface BoundedMap<V extends ExpiringValue> {
  readonly size: number
  get(key: string, now: number): V | undefined
  /** Puts an entry where the longest unused is last to go; makes room first. */
  put(key: string, value: V, now: number): void
  delete(key: string): void
}

/** An empty map for at most so many entries. */
export function createBoundedMap<V extends ExpiringValue>(max: number): BoundedMap<V> {
  const entries = new Map<string, V>()
  /** Nothing expires before this moment: until then a full map need not be searched for what did. */
  let earliest = Number.POSITIVE_INFINITY

  function makeRoom(now: number): void {
    if (now >= earliest) {
      earliest = Number.POSITIVE_INFINITY
      for (const [key, { until }] of entries) {
        if (until <= now) entries.delete(key)
        else earliest = Math.min(earliest, until)
      }
    }

    for (const key of entries.keys()) {
      if (entries.size < max) return
      entries.delete(key)
    }
  }

  return {
    get size(): number {
      return entries.size
    },
    get(key, now) {
      const value = entries.get(key)
      if (value === undefined || now < value.until) return value

      entries.delete(key)
      return undefined
    },
    put(key, value, now) {
      // A Map keeps the order of insertion: taken out and put back, an entry is the youngest.
      if (!entries.delete(key) && entries.size >= max) makeRoom(now)
      entries.set(key, value)
      earliest = Math.min(earliest, value.until)
    },
    delete: (key) => void entries.delete(key),
  }
}
