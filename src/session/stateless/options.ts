/**
 * Defines the options of stateless sessions and of their revocation. `sessions.ts` and
 * `revocable.ts` validate them. Nothing here runs.
 */
import type { RevocationStore } from '../../store/revocations.ts'
import type { ProjectEnv } from '../../types.ts'
import type { SessionOptions } from '../core/options/options.ts'
import type { SessionObject } from '../core/types.ts'
import type { Revocation } from './revocable.ts'

/** Options of stateless sessions. */
export interface StatelessOptions<Data extends SessionObject, E = ProjectEnv>
  extends SessionOptions<Data, E> {
  /**
   * Makes logout final: `revocable({ store })` remembers ended sessions in a store, and each signed-in read asks it.
   *
   * @default undefined (`end` only clears the cookie)
   */
  readonly revocation?: Revocation
}

/** Options of `revocable`. */
export interface RevocationOptions {
  /** `upstashRevocations({ redis })`, or `memoryRevocations()` for one process. */
  readonly store: RevocationStore
  /**
   * Seconds for which an isolate believes a positive answer without asking again, at most 3600. With n a logout takes up
   * to n seconds to be known elsewhere, and a busy session costs one request in n seconds.
   *
   * @default 0
   */
  readonly maxStale?: number
}
