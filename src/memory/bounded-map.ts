/**
 * A bounded map of entries that expire: what one isolate remembers, whatever strangers send. The memory limiter, blocked keys,
 * the memory store and the console use it. A full map forgets expired entries first, then those unused for longest, and to
 * put an entry costs the logarithm of their number at most.
 */
import { createExpiryQueue, type ExpiringValue, type ExpiryQueue } from './expiry-queue.ts'

export type { ExpiringValue } from './expiry-queue.ts'

/** A map that never holds more than its bound. */
export interface BoundedMap<V extends ExpiringValue> {
  readonly size: number
  get(key: string, nowMs: number): V | undefined
  /** Puts an entry where the longest unused is last to go; makes room first. */
  put(key: string, value: V, nowMs: number): void
  delete(key: string): void
}

/**
 * An entry with its neighbours by age. A list, because a Map that is read from its oldest entry passes all that were deleted
 * before it: in V8 some ten thousand of them in a map of ten thousand.
 */
interface Entry<V extends ExpiringValue> {
  readonly key: string
  value: V
  place: number
  older: Entry<V> | undefined
  younger: Entry<V> | undefined
}

/**
 * Creates an empty map for at most so many entries.
 *
 * @param onForget - receives each entry that is deleted, or that expired or had to make room.
 */
export function createBoundedMap<V extends ExpiringValue>(
  max: number,
  onForget?: (key: string, value: V) => void,
): BoundedMap<V> {
  const entries = new Map<string, Entry<V>>()
  let oldest: Entry<V> | undefined
  let youngest: Entry<V> | undefined
  /** Absent until the map is full for the first time: most never are. */
  let queue: ExpiryQueue<Entry<V>> | undefined

  function append(entry: Entry<V>): void {
    entry.older = youngest
    entry.younger = undefined
    if (youngest === undefined) oldest = entry
    else youngest.younger = entry
    youngest = entry
  }

  function unlink({ older, younger }: Entry<V>): void {
    if (older === undefined) oldest = younger
    else older.younger = younger
    if (younger === undefined) youngest = older
    else younger.older = older
  }

  function forget(entry: Entry<V>): void {
    entries.delete(entry.key)
    unlink(entry)
    queue?.remove(entry)
    onForget?.(entry.key, entry.value)
  }

  function makeRoom(nowMs: number): void {
    queue ??= createExpiryQueue(entries.values())

    let first = queue.first()
    while (first !== undefined && first.value.until <= nowMs) {
      forget(first)
      first = queue.first()
    }

    while (oldest !== undefined && entries.size >= max) forget(oldest)
  }

  return {
    get size(): number {
      return entries.size
    },
    get(key, nowMs) {
      const entry = entries.get(key)
      if (entry === undefined || nowMs < entry.value.until) return entry?.value

      forget(entry)
      return undefined
    },
    put(key, value, nowMs) {
      const existing = entries.get(key)
      if (existing !== undefined) {
        existing.value = value
        unlink(existing)
        append(existing)
        queue?.update(existing)
        return
      }

      if (entries.size >= max) makeRoom(nowMs)
      const entry = { key, value, place: 0, older: undefined, younger: undefined }
      entries.set(key, entry)
      append(entry)
      queue?.add(entry)
    },
    delete(key) {
      const entry = entries.get(key)
      if (entry !== undefined) forget(entry)
    },
  }
}
