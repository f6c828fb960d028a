/** Defines the options of stored sessions. `sessions.ts` validates them. Nothing here runs. */
import type { StoreOption } from '../../store/contract.ts'
import type { ProjectEnv } from '../../types.ts'
import type { SessionOptions } from '../core/options/options.ts'
import type { SessionObject } from '../core/types.ts'

/** Options of stored sessions. */
export interface StoredOptions<Data extends SessionObject, E = ProjectEnv>
  extends SessionOptions<Data, E> {
  /**
   * The store of the sessions: `upstashStore`, `memoryStore`, `unstorageStore`, or any object with Keystone's `get`, `set`,
   * `delete`; or a function that makes one, called once.
   */
  readonly store: StoreOption
}
