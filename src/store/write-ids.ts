/**
 * Remembers the ids of writes for a minute, the time in which a write can be repeated. `memory.ts`
 * recognises repeated writes with it. Beyond 100,000 ids the older half is forgotten early; such a
 * write, if it is repeated, then meets a conflict. Nothing throws.
 */
import type { Clock } from '../types.ts'
import { writeMemory } from './contract.ts'

/** Remembers which version each write made. */
export interface WriteIds {
  /** Returns the version that a write made; undefined for a write that is unknown or forgotten. */
  versionMade(key: string, write: string): number | undefined
  remember(key: string, write: string, version: number): void
}

/** Most ids: far more than one process writes in a minute. In memory no answer is lost, so few writes are repeated. */
const MOST = 100_000

/** The version that each write made, and when it is forgotten. */
type Writes = Map<string, { readonly version: number; readonly until: number }>

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
    versionMade(key, write) {
      const id = `${key} ${write}`
      const remembered = younger.get(id) ?? older.get(id)
      return remembered !== undefined && clock() < remembered.until ? remembered.version : undefined
    },

    remember(key, write, version) {
      const now = clock()
      if (now - youngerSince >= writeMemory || younger.size >= MOST / 2) {
        older = younger
        younger = new Map()
        youngerSince = now
      }

      younger.set(`${key} ${write}`, { version, until: now + writeMemory })
    },
  }
}
