/**
 * Stores marks of outside sessions that have ended, in bounded memory, each for its own time. The
 * memory store and the memory revocations call it for `endMarked` and for each read.
 *
 * When the list is full, expired entries are deleted first, then the oldest, so a mark may be lost before
 * its time and sessions with it count again. Another isolate does not see the marks. Nothing throws.
 */
import { createBoundedMap, type ExpiringValue } from '../memory/bounded-map.ts'
import type { Clock } from '../types.ts'
import type { EndMarkedOptions } from './mark-types.ts'

/** Ended marks, and the messages that ended them. */
export interface EndedMarks {
  has(mark: string): boolean
  /** Ends a mark for `life` ms. Returns `false`, and changes nothing, if another call brought the message before. */
  end(mark: string, options: EndMarkedOptions): boolean
}

/** A message that was seen, and the id of the call that brought it. */
interface KeptMessage extends ExpiringValue {
  readonly write: string | undefined
}

/** Creates an empty list. When it is full, expired entries are deleted first, then the oldest. */
export function createEndedMarks(maxEntries: number, clock: Clock): EndedMarks {
  const marks = createBoundedMap<ExpiringValue>(maxEntries)
  const messages = createBoundedMap<KeptMessage>(maxEntries)

  return {
    has: (mark) => marks.get(mark, clock()) !== undefined,
    end(mark, { life, once, write }) {
      const now = clock()
      if (once !== undefined) {
        const message = messages.get(once.id, now)
        if (message !== undefined && (write === undefined || message.write !== write)) return false
        if (message === undefined) messages.put(once.id, { until: now + once.life, write }, now)
      }

      const until = Math.max(marks.get(mark, now)?.until ?? 0, now + life)
      marks.put(mark, { until }, now)
      return true
    },
  }
}
