/**
 * Remembers the ids of writes for a minute, the time in which a write can be repeated. `memory.ts`
 * recognises repeated writes with it. Beyond 100,000 ids the oldest are forgotten early; such a write,
 * if it is repeated, then meets a conflict. Nothing throws.
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

/** Creates an empty list of ids. */
export function createWriteIds(clock: Clock): WriteIds {
  const writes = new Map<string, { readonly version: number; readonly until: number }>()

  return {
    versionMade(key, write) {
      const remembered = writes.get(`${key} ${write}`)
      return remembered !== undefined && clock() < remembered.until ? remembered.version : undefined
    },

    remember(key, write, version) {
      // A Map iterates in the order of insertion, so the oldest ids come first.
      for (const [oldest, { until }] of writes) {
        if (until > clock() && writes.size < MOST) break
        writes.delete(oldest)
      }

      writes.set(`${key} ${write}`, { version, until: clock() + writeMemory })
    },
  }
}
