/** The errors of sessions that several files throw, by code. */

import { ConfigError, PortcullisError } from '../../errors.ts'

/** The error for a verb that this kind of session cannot keep. */
export function createUnsupportedError(verb: string): ConfigError {
  return new ConfigError([
    { option: 'session', problem: `is stateless: nothing is stored that ${verb}() could look at` },
  ])
}

/** The error for `endMarked` where it cannot be kept. */
export function unmarkable(what: 'mark' | 'store'): ConfigError {
  const problem =
    what === 'mark'
      ? 'is needed to tell which sessions depend on a mark'
      : 'cannot end sessions by mark: it has no endMarked'
  return new ConfigError([{ option: `session.${what}`, problem }])
}

/** The error for a change to a session that is over. */
export function createEndedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_ENDED',
    'The session has ended; only start() makes a new one',
  )
}

/** The error for a change to a session that is not there. */
export function createNotStartedError(): PortcullisError {
  return new PortcullisError(
    'ERR_SESSION_NOT_STARTED',
    'There is no session to change; make one with start() or update(), or give the option initial',
  )
}
