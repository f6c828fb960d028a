/**
 * Keeps marks of outside sessions that have ended, in bounded memory, each for its own life. The
 * memory store and memory revocations use it. A full list forgets expired marks first, then the
 * oldest.
 */
import type { Clock } from '../types.ts'
import type { OnceMessage } from './mark-types.ts'

/** Ended marks, and the messages that ended them. */
export interface EndedMarks {
  has(mark: string): boolean
  /** Ends a mark for `life` ms; `false`, and no change, where the message came before. */
  end(mark: string, life: number, once: OnceMessage | undefined): boolean
}

/** Makes an empty list of ended marks. When it is full, expired entries go first, then the oldest. */
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
