/** What goes wrong, by code: nobody ever has to match a message. */

/**
 * Every code a {@link PortcullisError} may carry. `docs/errors.md` says of each what it means and who should act.
 *
 * - `ERR_CONFIG`: options that cannot be served; see {@link ConfigError}.
 * - `ERR_COOKIE_TOO_LARGE`: name and value exceed 4,096 bytes; a browser would drop the cookie silently.
 * - `ERR_COOKIE_INVALID`: a cookie whose name, value or attribute RFC 6265bis does not allow.
 * - `ERR_SESSION_DATA`: session data that fails its schema, or that JSON cannot carry.
 * - `ERR_SESSION_NOT_STARTED`: a change to a session that does not exist.
 * - `ERR_SESSION_ENDED`: a change to a session that has ended.
 * - `ERR_SESSION_IDENTITY_CHANGED`: a write that would change the user; only `start` may.
 * - `ERR_SESSION_UNREADABLE`: the session's cookie cannot be read here and must not be replaced (a key this deployment
 *   does not know, or data of another schema).
 * - `ERR_SESSION_CONFLICT`: others changed the session at every try; nothing was written.
 * - `ERR_SESSION_CLOSED`: a change after the answer was sent, or on an answer that can carry no cookie.
 * - `ERR_STORE_TOO_LARGE`: a session record longer than its store takes; nothing was sent.
 * - `ERR_STORE_UNAVAILABLE`: the store could not be asked, or did not answer in time. Nobody is logged out by it.
 * - `ERR_STORE_REFUSED`: the store answered and said no: a wrong token, a full store, an error of a script, a value that is no row.
 * - `ERR_TOKEN_GONE`: the tokens of a login are gone; the person must sign in again.
 * - `ERR_TOKEN_UNAVAILABLE`: the provider cannot be asked for a new token; the session stays.
 * - `ERR_ASSERTION_INVALID`: an assertion that is not the gateway's, not for this server, or expired; a server behind the
 *   gateway answers 401.
 * - `ERR_UPSTREAM_TIMEOUT`: no first byte from the upstream within its deadline.
 * - `ERR_UPSTREAM_UNREACHABLE`: the upstream refused, reset or answered what is not HTTP.
 * - `ERR_UPSTREAM_PAUSED`: the upstream failed too often and is not asked for now.
 */
export type ErrorCode =
  | 'ERR_CONFIG'
  | 'ERR_COOKIE_TOO_LARGE'
  | 'ERR_COOKIE_INVALID'
  | 'ERR_SESSION_DATA'
  | 'ERR_SESSION_NOT_STARTED'
  | 'ERR_SESSION_ENDED'
  | 'ERR_SESSION_IDENTITY_CHANGED'
  | 'ERR_SESSION_UNREADABLE'
  | 'ERR_SESSION_CONFLICT'
  | 'ERR_SESSION_CLOSED'
  | 'ERR_STORE_TOO_LARGE'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_REFUSED'
  | 'ERR_TOKEN_GONE'
  | 'ERR_TOKEN_UNAVAILABLE'
  | 'ERR_ASSERTION_INVALID'
  | 'ERR_UPSTREAM_TIMEOUT'
  | 'ERR_UPSTREAM_UNREACHABLE'
  | 'ERR_UPSTREAM_PAUSED'

/** An error with a code. Its message never holds a secret, a token, an id or session data. */
export class PortcullisError extends Error {
  override readonly name: string = 'PortcullisError'
  /** Which failure this is. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** One thing wrong with the options: which option, and what about it. Never its value. */
export interface ConfigIssue {
  /** Path of the option, such as `session.maxAge`. */
  readonly option: string
  /** What is wrong, as the rest of a sentence that begins with the option's name. */
  readonly problem: string
}

/** Options that cannot be served (`ERR_CONFIG`): all faults at once, by name, never with the value. */
export class ConfigError extends PortcullisError {
  override readonly name = 'ConfigError'
  /** Every fault that was found. */
  readonly faults: readonly ConfigIssue[]

  constructor(faults: readonly ConfigIssue[]) {
    super('ERR_CONFIG', faults.map(({ option, problem }) => `${option} ${problem}`).join('; '))
    this.faults = faults
  }
}

/** Whether something thrown is ours and carries this code; works across two copies of the package. */
export function isPortcullisError(error: unknown, code?: ErrorCode): error is PortcullisError {
  if (!(error instanceof Error)) return false
  const found = (error as Partial<PortcullisError>).code
  return typeof found === 'string' && found.startsWith('ERR_') && 'name' in error
    ? /^(?:Portcullis|Config)Error$/.test(error.name) && (code === undefined || found === code)
    : false
}
