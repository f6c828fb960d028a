/**
 * Sends commands to Upstash's REST API with fetch, as one HTTP request with one time limit, at most
 * one retry and no redirects. Connections of `redis({ url, token })` call it; the other transports
 * use `validateReplies`. It rejects with a `StoreError`: `ERR_STORE_UNAVAILABLE` for network
 * errors, timeouts, temporary statuses and replies that are not Redis's, `ERR_STORE_REFUSED` for a
 * wrong token. It is used instead of the client of `@upstash/redis`, whose messages contain whole
 * commands and hide the status.
 */
import type { Deadline } from '../deadline.ts'
import { createStatusError, createUnavailableError, type StoreError } from '../failure.ts'

/** The part of `fetch` that is needed. */
export type Fetch = (url: string, requestInit: RequestInit) => Promise<Response>

/** The REST API to which requests are sent. */
export interface RedisEndpoint {
  /** The URL, without a slash at its end. */
  readonly url: string
  readonly token: string
  /** The function that sends requests. Default: the global `fetch` at the time of the request. */
  readonly fetch: Fetch | undefined
}

/** The reply of Redis to one command. */
export interface Reply {
  readonly result?: unknown
  readonly error?: string
}

/** Milliseconds before the second try, enough where the server closed an idle connection. */
const pauseMs = 50

/**
 * Sends commands as one HTTP request, and once more after a network error. A response is never
 * repeated, whatever it is.
 *
 * @returns as many replies as there were commands
 * @throws {StoreError}
 */
export async function sendCommands(
  commands: readonly unknown[],
  endpoint: RedisEndpoint,
  deadline: Deadline,
): Promise<Reply[]> {
  const url = `${endpoint.url}/pipeline`
  const requestInit: RequestInit = {
    method: 'POST',
    headers: { Authorization: `Bearer ${endpoint.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(commands),
    redirect: 'manual',
    // Without this, the `fetch` of Next caches responses, those of POST included.
    cache: 'no-store',
    signal: deadline.signal,
  }

  for (let isRetry = false; ; isRetry = true) {
    const text = await deadline.race(sendOnce(endpoint.fetch ?? fetch, url, requestInit))
    if (typeof text === 'string') return validateReplies(parseBody(text), commands.length)
    if (text !== undefined) throw text
    if (deadline.over) throw createUnavailableError('timeout')
    if (isRetry) throw createUnavailableError('network')
    await deadline.race(new Promise((resolve) => setTimeout(resolve, pauseMs)))
  }
}

/**
 * Sends once. Returns the body of a successful response, the error of another status, or undefined
 * for a network error.
 */
async function sendOnce(
  send: Fetch,
  url: string,
  requestInit: RequestInit,
): Promise<string | StoreError | undefined> {
  try {
    const response = await send(url, requestInit)
    if (response.ok) return await response.text()

    response.body?.cancel().catch(() => {})
    return createStatusError(response.status)
  } catch {
    return undefined
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw createUnavailableError('not-json')
  }
}

/**
 * Validates a body: it must be a list with one result or error for each command. Anything else does
 * not come from Redis and must not count as an empty result.
 */
export function validateReplies(body: unknown, count: number): Reply[] {
  if (!Array.isArray(body) || body.length !== count || !body.every(isReply))
    throw createUnavailableError('not-redis')
  return body
}

function isReply(listItem: unknown): listItem is Reply {
  if (typeof listItem !== 'object' || listItem === null) return false
  const { error } = listItem as { error?: unknown }
  return error === undefined || error === null
    ? Object.hasOwn(listItem, 'result')
    : typeof error === 'string'
}
