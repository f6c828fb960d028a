/**
 * Stores marks of outside sessions that have ended, in bounded memory, each for its own time. The
 * memory store and the memory revocations call it for `endMarked` and for each read.
 *
 * When the list is full, expired entries are deleted first, then the oldest, so a mark may be lost before
 * its time and sessions with it count again. Another isolate does not see the marks. Nothing throws.
 */
import { type BoundedMap, createBoundedMap, type ExpiringValue } from '../memory/bounded-map.ts'
import type { Clock } from '../types.ts'
import type { OnceMessage } from './mark-types.ts'

/** Ended marks, and the messages that ended them. */
export interface EndedMarks {
  has(mark: string): boolean
  /** Ends a mark for `life` ms. Returns `false`, and changes nothing, if the message was seen before. */
  end(mark: string, life: number, once: OnceMessage | undefined): boolean
}

/** Creates an empty list. When it is full, expired entries are deleted first, then the oldest. */
export function createEndedMarks(maxEntries: number, clock: Clock): EndedMarks {
  const marks = createBoundedMap<ExpiringValue>(maxEntries)
  const messages = createBoundedMap<ExpiringValue>(maxEntries)

  function isKept(entries: BoundedMap<ExpiringValue>, name: string): boolean {
    return entries.get(name, clock()) !== undefined
  }

  function keep(entries: BoundedMap<ExpiringValue>, name: string, life: number): void {
    const now = clock()
    const until = Math.max(entries.get(name, now)?.until ?? 0, now + life)
    entries.put(name, { until }, now)
  }

  return {
    has: (mark) => isKept(marks, mark),
    end(mark, life, once) {
      if (once !== undefined) {
        if (isKept(messages, once.id)) return false
        keep(messages, once.id, once.life)
      }
      keep(marks, mark, life)
      return true
    },
  }
}
