/**
 * Stores marks of outside sessions that have ended, in bounded memory, each for its own time. The
 * memory store and the memory revocations call it for `endMarked` and for each read.
 *
 * When the list is full, expired entries are deleted first, then the oldest, so a mark may be lost before
 * its time and sessions with it count again. Another isolate does not see the marks. Nothing throws.
 */
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
  const marks = new Map<string, number>()
  const messages = new Map<string, number>()

  function isKept(entries: Map<string, number>, name: string): boolean {
    return (entries.get(name) ?? 0) > clock()
  }

  function keep(entries: Map<string, number>, name: string, life: number): void {
    const until = Math.max(entries.get(name) ?? 0, clock() + life)
    entries.delete(name)
    if (entries.size >= maxEntries) makeRoom(entries)
    entries.set(name, until)
  }

  function makeRoom(entries: Map<string, number>): void {
    const now = clock()
    for (const [name, until] of entries) if (until <= now) entries.delete(name)
    for (const name of entries.keys()) {
      if (entries.size < maxEntries) return
      entries.delete(name)
    }
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
