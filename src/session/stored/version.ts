/**
 * Restricts a write to the version of a stored session that the application has seen. `stored/engine.ts` uses
 * it for the option `ifVersion` of `update` and for the version in `info()`. If the session has another
 * version, or was written meanwhile, it throws `ERR_SESSION_CONFLICT` and nothing is written.
 */
import { PortcullisError } from '../../errors.ts'
import type { LoadResult } from '../core/engine.ts'

/**
 * Returns the version of a session as applications receive it. It contains a part of the row's key, so that a form that
 * was filled in for one session cannot change a later session of the same browser with the same number of writes.
 */
export function readVersion({ location }: LoadResult<unknown>): string | undefined {
  if (location?.version === undefined) return undefined
  return `${location.version}-${location.ref.key.slice(0, 12)}`
}

/**
 * Returns a function that each attempt of a write calls. The first attempt works on the loaded session; the second one
 * throws, because another write has changed the version.
 *
 * @throws {PortcullisError} `ERR_SESSION_CONFLICT`, here or from the returned function: nothing is written
 */
export function guardVersion(session: LoadResult<unknown>, ifVersion: string): () => void {
  // A session that has ended or cannot be read causes its own error when it is written.
  if (session.block === undefined && readVersion(session) !== ifVersion) throw createConflictError()

  let attempts = 0
  return () => {
    attempts += 1
    if (attempts > 1) throw createConflictError()
  }
}

function createConflictError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_CONFLICT',
    'The session has changed since this version; nothing was written: read it again',
  )
}
