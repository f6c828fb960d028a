/**
 * Creates the coded errors that several parts of a session throw. Handles and engines call these
 * functions. The functions return errors and never throw themselves.
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
      ? 'is needed to tell which sessions depend on a mark'
      : 'cannot end sessions by mark: it has no endMarked'
  return new ConfigError([{ option: `session.${missing}`, problem }])
}

/** Creates the `ERR_SESSION_ENDED` for a change to a session that has ended. */
export function createEndedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_ENDED',
    'The session has ended; only start() makes a new one',
  )
}

/** Creates the `ERR_SESSION_NOT_STARTED` for a change to a session that does not exist. */
export function createNotStartedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_NOT_STARTED',
    'There is no session to change; make one with start() or update(), or give the option initial',
  )
}
