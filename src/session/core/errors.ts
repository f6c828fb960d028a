/**
 * Creates the coded errors that several parts of a session throw: `ERR_CONFIG`, `ERR_SESSION_ENDED` and
 * `ERR_SESSION_NOT_STARTED`. The handle, its state and edits, `sessionsBy`, `end-marked.ts` and
 * `stored/write.ts` call it. The functions return the errors and throw nothing.
 */
import { ConfigError, PortcullisError } from '../../errors.ts'

/** Creates the `ERR_CONFIG` for a verb that stateless sessions do not have. */
export function createUnsupportedError(verb: string): ConfigError {
  return new ConfigError([
    { option: 'session', problem: `is stateless: ${verb}() needs stored sessions` },
  ])
}

/** Creates the `ERR_CONFIG` for `endMarked` without the option `mark`, or with a store that does not implement it. */
export function createMarkError(missing: 'mark' | 'store'): ConfigError {
  const problem =
    missing === 'mark'
      ? 'is needed for endMarked()'
      : 'has no endMarked(), so it cannot end sessions by a mark'
  return new ConfigError([{ option: `session.${missing}`, problem }])
}

/** Creates the `ERR_SESSION_ENDED` for a change to a session that has ended. */
export function createEndedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_ENDED',
    'The session has ended: only start() begins a new one',
  )
}

/** Creates the `ERR_SESSION_NOT_STARTED` for a change to a session that does not exist. */
export function createNotStartedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_NOT_STARTED',
    'There is no session to change: call start() or update() first, or set the option initial',
  )
}
