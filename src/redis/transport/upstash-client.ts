/**
 * Sends commands through a client of `@upstash/redis` that an application already has.
 * `upstash-source.ts` calls it. It uses the HTTP requester inside the client instead of its
 * pipeline, which would parse replies as JSON and change values. It rejects with a `StoreError`:
 * `ERR_STORE_UNAVAILABLE` for network errors and timeouts, `ERR_STORE_REFUSED` for a wrong token. A
 * client without URL or token is added to the caller's list of issues. The client's own retries
 * stay in effect within the time limit.
 */
import type { Issues } from '../../options/index.ts'
import type { RedisCommand } from '../connection.ts'
import type { Deadline } from '../deadline.ts'
import { createRequestError, createUnavailableError, type StoreError } from '../failure.ts'
import { type Reply, validateReplies } from './send.ts'

/**
 * The part of a `Redis` of `@upstash/redis` that is needed. Its options for deserialization,
 * telemetry, retries and auto-pipelining may be anything.
 */
export interface UpstashClient {
  /** Starts a pipeline. */
  pipeline(): object
  /** Runs a script that Redis already has. */
  evalsha: (...args: never[]) => Promise<unknown>
}

/**
 * The part of the client that sends requests: its `HttpClient`, or the `Requester` with which it
 * was created.
 *
 * @see `@upstash/redis` 1.39, pkg/http.ts and pkg/redis.ts
 */
export interface UpstashRequester {
  request(request: {
    readonly path: string[]
    readonly body: unknown
    readonly signal: () => AbortSignal
  }): Promise<unknown>
  readonly baseUrl?: unknown
  readonly headers?: Readonly<Record<string, unknown>>
  readonly hasCredentials?: unknown
}

/** Reports whether a value is a client of `@upstash/redis`. */
export function isUpstashClient(optionValue: unknown): optionValue is UpstashClient {
  if (typeof optionValue !== 'object' || optionValue === null) return false
  const { pipeline, evalsha } = optionValue as Partial<UpstashClient>
  return typeof pipeline === 'function' && typeof evalsha === 'function'
}

/** Returns the requester of a client. After an issue, the returned value must not be used. */
export function readRequester(client: UpstashClient, issues: Issues): UpstashRequester {
  const requester = isUpstashClient(client)
    ? (client as { readonly client?: UpstashRequester }).client
    : undefined
  if (typeof requester?.request !== 'function') issues.add('', 'must be a client of @upstash/redis')
  else if (requester.hasCredentials === false)
    issues.add('', 'is a client of @upstash/redis without url or token; create it with both')
  return requester as UpstashRequester
}

/**
 * Returns the URL and the credentials, which are equal for all clients of one Redis; where they are
 * hidden, the requester itself.
 */
export function identifyRequester(requester: UpstashRequester): unknown {
  const { baseUrl, headers } = requester
  const credentials = headers?.authorization ?? headers?.Authorization
  return typeof baseUrl === 'string' && typeof credentials === 'string'
    ? `${baseUrl} ${credentials}`
    : requester
}

/**
 * Sends commands as one HTTP request of the client. It bypasses the client's pipeline, which would
 * parse replies as JSON: a session with the value `123` would be returned as a number. The client
 * retries by its own options. Its signal is passed as a function, which ends the retries when the
 * time is up; with a plain signal the client would return an invented reply.
 *
 * @throws {StoreError}
 */
export async function sendThroughClient(
  requester: UpstashRequester,
  commands: readonly RedisCommand[],
  deadline: Deadline,
): Promise<Reply[]> {
  const work = requestPipeline(requester, commands, deadline.signal)
  const outcome = await deadline.race(work)
  if ('failure' in outcome)
    throw deadline.over ? createUnavailableError('timeout') : outcome.failure
  return validateReplies(outcome.body, commands.length)
}

async function requestPipeline(
  requester: UpstashRequester,
  commands: readonly RedisCommand[],
  signal: AbortSignal,
): Promise<{ readonly body: unknown } | { readonly failure: StoreError }> {
  try {
    return {
      body: await requester.request({ path: ['pipeline'], body: commands, signal: () => signal }),
    }
  } catch (error) {
    return { failure: toStoreError(error) }
  }
}

/**
 * Classifies an error of the client by its name, because the application may have another copy of
 * the package. Its message is dropped, because it contains whole commands.
 */
function toStoreError(error: unknown): StoreError {
  const { name, message } = error instanceof Error ? error : { name: '', message: '' }
  if (name === 'UpstashJSONParseError') return createUnavailableError('not-json')
  if (name === 'UpstashError') return createRequestError(message)
  return createUnavailableError('network')
}
