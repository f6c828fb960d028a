/** A change that is only meant for the version somebody saw. */
import { ConfigError, PortcullisError } from '../../errors.ts'
import type { LoadResult } from '../core/engine.ts'
import { sessionVersion } from './read-info.ts'

/**
 * To be called by a step of a write each time it runs. An engine runs it once on what was loaded, and again only where
 * another write came first: then the version that was meant is gone.
 *
 * @param versions - whether this kind of session has any.
 * @throws {PortcullisError} `ERR_SESSION_CONFLICT`, here or from what it returns: nothing is written
 * @throws {ConfigError} `ERR_CONFIG` where sessions have no versions
 */
export function createVersionGuard(
  loaded: LoadResult<unknown>,
  ifVersion: string | undefined,
  versions: boolean,
): () => void {
  if (ifVersion === undefined) return () => {}
  if (!versions)
    throw new ConfigError([{ option: 'session', problem: 'is stateless: it has no ifVersion' }])
  // What has ended, or cannot be read, says so when it is written.
  if (loaded.block === undefined && sessionVersion(loaded.place) !== ifVersion)
    throw createConflictError()
  let runs = 0
  return () => {
    runs += 1
    if (runs > 1) throw createConflictError()
  }
}

function createConflictError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_CONFLICT',
    'The session is no longer of this version; nothing was written',
  )
}
