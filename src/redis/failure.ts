/**
 * Creates the errors of Redis and of database stores: `ERR_STORE_UNAVAILABLE` for a store that may
 * answer later, `ERR_STORE_REFUSED` for one that rejected the call, each with a reason in one word.
 * Stores, limiters, batches and transports call it. The functions return errors and never throw.
 * Errors contain nothing of what was sent or replied, because it may include keys, arguments,
 * addresses or tokens; unknown error texts are reduced to a general reason.
 */
import { PortcullisError } from '../errors.ts'

/**
 * The error of a failed call of Redis or a database store. It has no `cause`, because messages of
 * fetch and of stores may quote keys, arguments, the address or the token.
 */
export class StoreError extends PortcullisError {
  /**
   * The reason for events, as a lower-case word with dashes: `timeout`, `network`, `http-502`,
   * `wrongtype`.
   */
  readonly reason: string

  constructor(
    code: 'ERR_STORE_UNAVAILABLE' | 'ERR_STORE_REFUSED',
    reason: string,
    message: string,
  ) {
    super(code, message)
    this.reason = reason
  }
}

/**
 * Creates the error of a store that could not be reached or did not reply. Another try may succeed.
 */
export function createUnavailableError(reason: string): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', reason, `Redis is not available (${reason})`)
}

/**
 * Creates the error of a call that the store rejected. It will fail again until something is
 * changed.
 */
export function createRejectedError(reason: string, script?: string): StoreError {
  const subject = script === undefined ? 'the request' : `script ${script}`
  return new StoreError('ERR_STORE_REFUSED', reason, `Redis refused ${subject} (${reason})`)
}

/** The first words of the errors with which Upstash or Redis reply to a wrong token or password. */
const credentialErrors: ReadonlySet<string> = new Set(['Unauthorized', 'WRONGPASS', 'NOAUTH'])

/**
 * Classifies the error text of a whole request. The text is dropped, because it may quote every
 * command.
 */
export function createRequestError(text: string): StoreError {
  const word = text.split(/[ :,]/, 1)[0] ?? ''
  if (credentialErrors.has(word)) return createRejectedError('unauthorized')
  return createUnavailableError(temporaryErrors.has(word) ? word.toLowerCase() : 'http-error')
}

/** Classifies an HTTP status that is not a success. */
export function createStatusError(status: number): StoreError {
  if (status === 401 || status === 403) return createRejectedError('unauthorized')
  // 408 and 429 are temporary. A redirect comes from another server than Redis.
  const isTemporary = status < 400 || status >= 500 || status === 408 || status === 429
  return isTemporary
    ? createUnavailableError(`http-${status}`)
    : createRejectedError(`http-${status}`)
}

/** The first words of errors with which Redis says that it cannot serve at the moment. */
const temporaryErrors = new Set([
  'LOADING',
  'BUSY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'READONLY',
  'NOREPLICAS',
])
/** The first words of errors that somebody must fix. Only these words are copied into a reason. */
const permanentErrors = new Set([
  'WRONGTYPE',
  'WRONGPASS',
  'NOAUTH',
  'NOPERM',
  'NOSCRIPT',
  'OOM',
  'MISCONF',
  'CROSSSLOT',
])

/** Classifies the error text of one command. The text is dropped, because it may name a key. */
export function createReplyError(error: string, script: string): StoreError {
  const word = error.split(/[ :]/, 1)[0] ?? ''
  if (temporaryErrors.has(word)) return createUnavailableError(word.toLowerCase())
  return createRejectedError(
    permanentErrors.has(word) ? word.toLowerCase() : 'script-error',
    script,
  )
}
