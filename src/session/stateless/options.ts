/**
 * Defines the options of `statelessSessions` and of `revocable`, which applications write.
 * `stateless/sessions.ts` and `revocable.ts` validate them, and report wrong ones as issues of one
 * `ERR_CONFIG`. Nothing here runs.
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
   * Makes a logout final: `revocable({ store })` records ended sessions in a store, which each signed-in read asks.
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
   * Seconds for which an isolate caches that a session is valid, at most 3600. A logout then takes up to this time to
   * have effect in other isolates, and a busy session costs one request to the store in this time.
   *
   * @default 0
   */
  readonly maxStale?: number
}
