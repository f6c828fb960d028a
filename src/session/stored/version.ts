/**
 * Restricts a write to the version of a stored session that its caller saw. The stored engine
 * calls it for the option `ifVersion`. Another version throws `ERR_SESSION_CONFLICT`, and nothing
 * is written.
 */
import { PortcullisError } from '../../errors.ts'
import type { LoadResult } from '../core/engine.ts'

/**
 * Returns the version of a session as apps receive it. It contains a part of the row's own key, so that a form that was
 * filled in for one session does not change another one in the same browser that has the same count of writes.
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
    'The session is no longer of this version; nothing was written',
  )
}
