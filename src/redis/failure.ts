/**
 * Creates the errors of Redis and of databases: two codes, a word for the log, and nothing of what
 * was sent or answered. Stores, limiters and transports call it. The functions return errors and
 * never throw.
 */
import { PortcullisError } from '../errors.ts'

/** A failed question to Redis. Has no cause: what fetch and Redis say may quote keys, arguments, address or token. */
export class StoreError extends PortcullisError {
  /** Why, as a dashed word for events: `timeout`, `network`, `http-502`, `wrongtype`. */
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

/** Redis could not be asked, or did not answer: another try may succeed. */
export function createUnavailableError(reason: string): StoreError {
  return new StoreError('ERR_STORE_UNAVAILABLE', reason, `Redis is not available (${reason})`)
}

/** Redis answered, and said no: somebody has to change something. */
export function createRejectedError(reason: string, script?: string): StoreError {
  const what = script === undefined ? 'the request' : `script ${script}`
  return new StoreError('ERR_STORE_REFUSED', reason, `Redis refused ${what} (${reason})`)
}

/** Words with which Upstash or Redis answers a wrong token or password. */
const credentialErrors: ReadonlySet<string> = new Set(['Unauthorized', 'WRONGPASS', 'NOAUTH'])

/** Classifies an error text that stands for a whole request. The text is not kept: it may quote every command. */
export function createRequestError(text: string): StoreError {
  const word = text.split(/[ :,]/, 1)[0] ?? ''
  if (credentialErrors.has(word)) return createRejectedError('unauthorized')
  return createUnavailableError(temporaryErrors.has(word) ? word.toLowerCase() : 'http-error')
}

/** Classifies an HTTP status that is no success. */
export function createStatusError(status: number): StoreError {
  if (status === 401 || status === 403) return createRejectedError('unauthorized')
  // 408 and 429 pass; a redirect comes from something that stands where Redis should.
  const passes = status < 400 || status >= 500 || status === 408 || status === 429
  return passes ? createUnavailableError(`http-${status}`) : createRejectedError(`http-${status}`)
}

/** Words with which Redis begins an error when it cannot serve just now. */
const temporaryErrors = new Set([
  'LOADING',
  'BUSY',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'TRYAGAIN',
  'READONLY',
  'NOREPLICAS',
])
/** Words with which it begins one that somebody has to look at. Only these are ever repeated. */
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

/** Classifies the error text of one command. The text is not kept: it may name a key. */
export function createReplyError(error: string, script: string): StoreError {
  const word = error.split(/[ :]/, 1)[0] ?? ''
  if (temporaryErrors.has(word)) return createUnavailableError(word.toLowerCase())
  return createRejectedError(
    permanentErrors.has(word) ? word.toLowerCase() : 'script-error',
    script,
  )
}
