/**
 * Defines the errors of this package. Each has a code, so that callers need not compare messages.
 * Every module throws them, applications catch them, and `page/` turns them into responses.
 * Messages must never contain a secret, a token, an id or session data.
 */

/**
 * The codes of a {@link PortcullisError}. `docs/errors.md` explains each and who should act.
 *
 * - `ERR_CONFIG`: invalid options; see {@link ConfigError}.
 * - `ERR_COOKIE_TOO_LARGE`: the name and value of a cookie have more than 4,096 bytes, so a browser
 *   would drop it without notice.
 * - `ERR_COOKIE_INVALID`: a cookie whose name, value or attribute RFC 6265bis does not allow.
 * - `ERR_SESSION_DATA`: session data that does not match its schema, or that JSON cannot represent.
 * - `ERR_SESSION_NOT_STARTED`: a change to a session that does not exist.
 * - `ERR_SESSION_ENDED`: a change to a session that has ended.
 * - `ERR_SESSION_IDENTITY_CHANGED`: a write that would change the user; only `start` may.
 * - `ERR_SESSION_UNREADABLE`: the session's cookie cannot be read here and must not be replaced (a
 *   key that this deployment does not have, or data of another schema).
 * - `ERR_SESSION_CONFLICT`: other requests changed the session at every attempt; nothing was
 *   written.
 * - `ERR_SESSION_CLOSED`: a change after the response was sent, or on a response that cannot set a
 *   cookie.
 * - `ERR_STORE_TOO_LARGE`: a session record that is longer than its store accepts; nothing was
 *   sent.
 * - `ERR_STORE_UNAVAILABLE`: the store could not be reached, or did not reply in time. It ends no
 *   session.
 * - `ERR_STORE_REFUSED`: the store replied with an error: a wrong token, a full store, a failed
 *   script, a value that is not a row.
 * - `ERR_TOKEN_GONE`: the tokens of a login no longer exist; the user must sign in again.
 * - `ERR_TOKEN_UNAVAILABLE`: the provider cannot be reached for a new token; the session stays.
 * - `ERR_ASSERTION_INVALID`: an assertion that is not the gateway's, not for this server, or
 *   expired; a server behind the gateway responds with 401.
 * - `ERR_UPSTREAM_TIMEOUT`: no first byte from the upstream within its deadline.
 * - `ERR_UPSTREAM_UNREACHABLE`: the upstream refused or reset the connection, or did not respond
 *   with HTTP.
 * - `ERR_UPSTREAM_PAUSED`: the upstream failed too often and receives no requests for now.
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

/** An error with a code. Its message never contains a secret, a token, an id or session data. */
export class PortcullisError extends Error {
  override readonly name: string = 'PortcullisError'
  /** The code of the failure. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** One problem of the options. It names the option, and never contains its value. */
export interface ConfigIssue {
  /** The path of the option, such as `session.maxAge`. */
  readonly option: string
  /** The problem, as the rest of a sentence that begins with the option's name. */
  readonly problem: string
}

/**
 * Invalid options (`ERR_CONFIG`). The error lists all issues, each with the option's name and never
 * with its value.
 *
 * @example
 * ```ts
 * try {
 *   createGateway(config)
 * } catch (error) {
 *   if (error instanceof ConfigError) for (const { option, problem } of error.issues) report(option, problem)
 * }
 * ```
 */
export class ConfigError extends PortcullisError {
  override readonly name = 'ConfigError'
  /** Every problem of the options. */
  readonly issues: readonly ConfigIssue[]

  constructor(issues: readonly ConfigIssue[]) {
    super('ERR_CONFIG', issues.map(({ option, problem }) => `${option} ${problem}`).join('; '))
    this.issues = issues
  }

  /**
   * The same as {@link issues}.
   *
   * @deprecated Read `issues`.
   */
  get faults(): readonly ConfigIssue[] {
    return this.issues
  }
}

/**
 * Reports whether an error is one of this package, and has this code if one is passed. It works
 * across two copies of the package, where `instanceof` does not.
 *
 * @example
 * ```ts
 * if (isPortcullisError(error, 'ERR_STORE_UNAVAILABLE')) return c.text('Try again later', 503)
 * ```
 */
export function isPortcullisError(error: unknown, code?: ErrorCode): error is PortcullisError {
  if (!(error instanceof Error)) return false
  const errorCode = (error as Partial<PortcullisError>).code
  return (
    typeof errorCode === 'string' &&
    errorCode.startsWith('ERR_') &&
    /^(?:Portcullis|Config)Error$/.test(error.name) &&
    (code === undefined || errorCode === code)
  )
}
