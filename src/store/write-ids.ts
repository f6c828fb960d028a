/**
 * Remembers ids of writes for as long as one of them can be sent again. `memory.ts` recognises a
 * repeated write by it. A full memory forgets the oldest ids first.
 */
import type { Clock } from '../types.ts'
import { writeMemory } from './contract.ts'

/** Remembers which version each write made. */
export interface WriteIds {
  /** The version that this write of this row made, while it is remembered. */
  versionMade(key: string, write: string): number | undefined
  remember(key: string, write: string, version: number): void
}

/** In memory no answer is lost on the way: far more than one process writes in a minute need not be kept. */
const MOST = 100_000

/** An empty memory. */
export function createWriteIds(clock: Clock): WriteIds {
  const writes = new Map<string, { readonly version: number; readonly until: number }>()

  return {
    versionMade(key, write) {
      const found = writes.get(`${key} ${write}`)
      return found !== undefined && clock() < found.until ? found.version : undefined
    },

    remember(key, write, version) {
      // Oldest first, as a Map keeps them.
      for (const [oldest, { until }] of writes) {
        if (until > clock() && writes.size < MOST) break
        writes.delete(oldest)
      }

      writes.set(`${key} ${write}`, { version, until: clock() + writeMemory })
    },
  }
}
