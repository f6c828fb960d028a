/**
 * The session of one request, as a server behind the gateway sees and changes it. `origin.ts` opens it
 * for each request, and handlers call its methods.
 *
 * Each change is written to the response header `Portcullis-Session`, which the gateway applies; a
 * change that the route does not grant is ignored there. Changes after the response head was sent, or
 * without a gateway that sent a nonce, throw `ERR_SESSION_CLOSED`; contradicting or unrepresentable
 * ones throw `ERR_SESSION_DATA` or `ERR_SESSION_ENDED`. Messages and lists that do not parse are read
 * as empty or undefined.
 */

import { decodeBase64url } from '../crypto/index.ts'
import { PortcullisError } from '../errors.ts'
import { isRecord } from '../options/is-object.ts'
import { SessionCommandBuilder } from './command.ts'

/** The verified claims of `Portcullis-Assertion`. */
export interface AssertionClaims {
  /** The user; absent for a visitor who is not signed in. */
  readonly sub?: string
  /** Digest of the session's id: safe to log, useless as a cookie. */
  readonly sid?: string
  /** When the user signed in, in seconds since the epoch. */
  readonly auth_time?: number
  /** Version of the session's data, where it is stored. */
  readonly ver?: string
  /** The result of the gateway's option `claims` for the session's data. */
  readonly claims?: unknown
  readonly [claim: string]: unknown
}

/** One session of the user. Times in milliseconds since the epoch. */
export interface SessionSummary {
  /** The argument of {@link OriginSession.endOther}; useless as a cookie. */
  readonly id: string
  /** When the session was created. */
  readonly createdAt: number
  /** When the session was last used, rounded to a minute or more. */
  readonly seenAt: number
  /** When the session ends if it is not used before. */
  readonly expiresAt: number
  /**
   * The client that last used the session; absent where the gateway's sessions have no option `clientInfo`.
   */
  readonly client?: {
    readonly browser?: string
    readonly system?: string
    readonly deviceKind?: string
    readonly country?: string
    readonly network?: string
    readonly since: number
  }
  /** Whether it is the session of this request. */
  readonly current: boolean
}

/** Reads the headers of a request and writes those of its response, for any framework. */
export interface HeaderAccess {
  /** Value of a request header by its lower-case name. */
  read(headerName: string): string | undefined
  /** Sets a header of the response, replacing one of the same name. */
  write(headerName: string, headerValue: string): void
  /** Whether the head of the response has been sent, after which nothing can be changed. */
  isSent?(): boolean
}

/** Options of {@link OriginSession.start}. */
export interface OriginStartOptions {
  /** Members that move from the visitor's session into the new one, such as `cart`. Default none. */
  readonly keep?: readonly string[]
}

/**
 * The session of one request.
 *
 * Changes are sent as one header of the response, and the gateway applies them before the client receives the first
 * byte. The route of the gateway must grant each kind of change (`sessions: ['start', 'set', ...]`); the gateway
 * ignores the others and emits the event `session-header-refused`.
 */
export class OriginSession<Claims = unknown> {
  /** The verified assertion; undefined where the request has no session. */
  readonly assertion: AssertionClaims | undefined
  readonly #headers: HeaderAccess
  readonly #command = new SessionCommandBuilder()

  constructor(assertion: AssertionClaims | undefined, headers: HeaderAccess) {
    this.assertion = assertion
    this.#headers = headers
  }

  /** The signed-in user; undefined for a visitor. */
  get user(): string | undefined {
    return this.assertion?.sub
  }

  /**
   * The result of the gateway's option `claims` for the session's data; undefined where there is no
   * session.
   */
  get claims(): Claims | undefined {
    return this.assertion?.claims as Claims | undefined
  }

  /**
   * Whether this response can change the session: the gateway sent a nonce, since the upstream has `sessions: true`.
   */
  get writable(): boolean {
    return this.#headers.read('portcullis-session-nonce') !== undefined
  }

  /**
   * Messages that an earlier response left with {@link flash}; each is delivered once. Empty where the route does not
   * grant `flash`. The header is not signed: show the messages, and decide nothing by them.
   */
  messages(): Readonly<Record<string, unknown>> {
    const flashHeader = readJson(this.#headers.read('portcullis-flash'))
    return isRecord(flashHeader) ? flashHeader : {}
  }

  /**
   * The user's sessions, the newest first, twenty at most; undefined if nobody is signed in or the
   * route does not grant `list`. The header is not signed: show the list, and base no decision on
   * it.
   */
  list(): readonly SessionSummary[] | undefined {
    const sessionsHeader = readJson(this.#headers.read('portcullis-sessions'))
    return Array.isArray(sessionsHeader) ? (sessionsHeader as SessionSummary[]) : undefined
  }

  /**
   * Starts a session for a user who has just signed in. Needs the grant `start`, and a method other than GET.
   *
   * @throws {PortcullisError} `ERR_SESSION_CLOSED` without a gateway or after the head was sent; `ERR_SESSION_DATA`
   */
  start(data: object, { keep }: OriginStartOptions = {}): void {
    this.#apply((command) =>
      command.choose({ start: { data: { ...data }, ...(keep !== undefined && { keep }) } }),
    )
  }

  /** Sets members of the session's data. Needs the grant `set`. @throws as {@link start} */
  set(members: Readonly<Record<string, unknown>>): void {
    this.#apply((command) => command.set(members))
  }

  /** Removes members. Needs the grant `set`. @throws as {@link start} */
  unset(...names: string[]): void {
    this.#apply((command) => command.unset(names))
  }

  /**
   * Adds to a member that is a number; parallel requests lose no addition. Needs the grant `set`.
   */
  increment(memberName: string, amount = 1): void {
    this.#apply((command) => command.increment(memberName, amount))
  }

  /** Leaves a message for the next page, which reads it once with {@link messages}. @throws as {@link start} */
  flash(memberName: string, value: unknown): void {
    this.#apply((command) => command.flash(memberName, value))
  }

  /**
   * Applies the changes of this response only if the session still has this version (`assertion.ver`, perhaps from a
   * hidden field); otherwise the client gets 409 and nothing is stored.
   */
  onlyIfVersion(version: string): void {
    this.#apply((command) => command.onlyIfVersion(version))
  }

  /** Signs out. Needs the grant `end`. @throws as {@link start} */
  end(): void {
    this.#apply((command) => command.choose({ end: true }))
  }

  /** Ends one session of the same user by its id in {@link list}. Needs the grant `end`. @throws as {@link start} */
  endOther(sessionId: string): void {
    this.#apply((command) => command.choose({ end: { id: sessionId } }))
  }

  /** Ends every session of the user, or all but this one. Needs the grant `endAll`. @throws as {@link start} */
  endAll({ exceptCurrent = false }: { readonly exceptCurrent?: boolean } = {}): void {
    this.#apply((command) =>
      command.choose({ endAll: exceptCurrent ? { exceptCurrent: true } : true }),
    )
  }

  /** Ends every session of another user. Needs the grant `endAny`: administrators only. @throws as {@link start} */
  endUser(user: string): void {
    this.#apply((command) => command.choose({ endAll: { user } }))
  }

  #apply(applyChange: (command: SessionCommandBuilder) => void): void {
    const sessionNonce = this.#headers.read('portcullis-session-nonce')
    if (sessionNonce === undefined)
      throw new PortcullisError(
        'ERR_SESSION_CLOSED',
        'The request carries no Portcullis-Session-Nonce: it did not come through the gateway, ' +
          'or the upstream lacks `sessions: true`',
      )

    if (this.#headers.isSent?.() === true)
      throw new PortcullisError(
        'ERR_SESSION_CLOSED',
        'The response headers were sent: change the session before the body',
      )

    applyChange(this.#command)
    this.#headers.write('Portcullis-Session', this.#command.format(sessionNonce))
  }
}

function readJson(headerValue: string | undefined): unknown {
  const decodedBytes = headerValue === undefined ? undefined : decodeBase64url(headerValue)
  if (decodedBytes === undefined) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(decodedBytes))
  } catch {
    return undefined
  }
}
