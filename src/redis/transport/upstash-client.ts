/**
 * Carries commands through a client of `@upstash/redis` that an application already has.
 * `upstash-source.ts` calls it. It goes below the client's pipeline, which would parse replies as
 * JSON, and throws a `StoreError` where the client fails.
 */
import type { Issues } from '../../options/index.ts'
import type { RedisCommand } from '../connection.ts'
import type { Deadline } from '../deadline.ts'
import { createRequestError, createUnavailableError, type StoreError } from '../failure.ts'
import { type Reply, validateReplies } from './send.ts'

/**
 * A `Redis` of `@upstash/redis`, as far as this library needs one. Its options for deserialization,
 * telemetry, retries and auto-pipelining may be anything.
 */
export interface UpstashClient {
  /** Begins a pipeline. */
  pipeline(): object
  /** Runs a script that Redis knows. */
  evalsha: (...args: never[]) => Promise<unknown>
}

/**
 * The part of the client that sends: `HttpClient`, or the `Requester` that it was made with.
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

/** Whether a value is a client of `@upstash/redis`. */
export function isUpstashClient(optionValue: unknown): optionValue is UpstashClient {
  if (typeof optionValue !== 'object' || optionValue === null) return false
  const { pipeline, evalsha } = optionValue as Partial<UpstashClient>
  return typeof pipeline === 'function' && typeof evalsha === 'function'
}

/** Finds what sends in a client; a fault returns one that must not be used. */
export function readRequester(client: UpstashClient, issues: Issues): UpstashRequester {
  const found = isUpstashClient(client)
    ? (client as { readonly client?: UpstashRequester }).client
    : undefined
  if (typeof found?.request !== 'function') issues.add('', 'must be a client of @upstash/redis')
  else if (found.hasCredentials === false)
    issues.add('', 'is a client of @upstash/redis without url or token')
  return found as UpstashRequester
}

/** The address and the credentials, the same for every client of one Redis; otherwise the requester itself. */
export function identifyRequester(requester: UpstashRequester): unknown {
  const { baseUrl, headers } = requester
  const credentials = headers?.authorization ?? headers?.Authorization
  return typeof baseUrl === 'string' && typeof credentials === 'string'
    ? `${baseUrl} ${credentials}`
    : requester
}

/**
 * Sends commands as one HTTP request of the client. It goes below the client's pipeline, which would parse
 * replies as JSON: a session that is `123` would come back as a number. The client retries as it was told
 * to; a signal in the form of a function ends that when time is up, where a plain one would make up an answer.
 *
 * @throws {StoreError}
 */
export async function sendThroughClient(
  requester: UpstashRequester,
  commands: readonly RedisCommand[],
  deadline: Deadline,
): Promise<Reply[]> {
  const work = requestPipeline(requester, commands, deadline.signal)
  const answer = await deadline.race(work)
  if ('failure' in answer) throw deadline.over ? createUnavailableError('timeout') : answer.failure
  return validateReplies(answer.body, commands.length)
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

/** By name: an application may have another copy of the package. Messages hold whole commands, so they are dropped. */
function toStoreError(error: unknown): StoreError {
  const { name, message } = error instanceof Error ? error : { name: '', message: '' }
  if (name === 'UpstashJSONParseError') return createUnavailableError('not-json')
  if (name === 'UpstashError') return createRequestError(message)
  return createUnavailableError('network')
}
