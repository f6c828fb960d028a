/**
 * Defines the options of `storedSessions`, which applications write. `stored/sessions.ts` validates them
 * through `core/options/settings.ts` and `resolve-store.ts`, and reports wrong ones as issues of one
 * `ERR_CONFIG`. Nothing here runs.
 */
import type { StoreOption } from '../../store/contract.ts'
import type { ProjectEnv } from '../../types.ts'
import type { SessionOptions } from '../core/options/options.ts'
import type { SessionObject } from '../core/types.ts'

/** Options of stored sessions. */
export interface StoredOptions<Data extends SessionObject, E = ProjectEnv>
  extends SessionOptions<Data, E> {
  /**
   * The store of the sessions: `upstashStore`, `postgresStore`, `d1Store`, `durableObjectStore`, `memoryStore`,
   * `unstorageStore`, or any object with Keystone's `get`, `set` and `delete`; or a function that creates one, called
   * once.
   */
  readonly store: StoreOption
}
