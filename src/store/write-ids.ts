/**
 * Remembers the ids of writes for a minute, the time in which a write can be repeated. `memory.ts`
 * recognises repeated writes with it. Beyond 100,000 ids the older half is forgotten early; such a
 * write, if it is repeated, then meets a conflict. Nothing throws.
 */
import type { Clock } from '../types.ts'
import { writeMemory } from './contract.ts'

/** Remembers the answer to each write: the version that it made, or how many sessions it ended. */
export interface WriteIds {
  /** Returns the answer to a write of a row or list; undefined for a write that is unknown or forgotten. */
  find(key: string, write: string | undefined): number | undefined
  remember(key: string, write: string | undefined, answer: number): void
}

/** Most ids: far more than one process writes in a minute. In memory no answer is lost, so few writes are repeated. */
const MOST = 100_000

/** The answer to each write, and when it is forgotten. */
type Writes = Map<string, { readonly answer: number; readonly until: number }>

/**
 * Creates an empty list of ids, in two halves. When the younger half is `writeMemory` ms old, every id of the older
 * half has expired, so that half is dropped as a whole. Deleting single ids would need a search for the oldest each
 * time.
 */
export function createWriteIds(clock: Clock): WriteIds {
  let older: Writes = new Map()
  let younger: Writes = new Map()
  let youngerSince = 0

  return {
    find(key, write) {
      if (write === undefined) return undefined

      const id = `${key} ${write}`
      const remembered = younger.get(id) ?? older.get(id)
      return remembered !== undefined && clock() < remembered.until ? remembered.answer : undefined
    },

    remember(key, write, answer) {
      if (write === undefined) return

      const now = clock()
      if (now - youngerSince >= writeMemory || younger.size >= MOST / 2) {
        older = younger
        younger = new Map()
        youngerSince = now
      }

      younger.set(`${key} ${write}`, { answer, until: now + writeMemory })
    },
  }
}
