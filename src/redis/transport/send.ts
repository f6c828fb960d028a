/**
 * Carries a pipeline to Redis and back over fetch: one time limit, one retry, no redirects, and
 * errors that quote nothing. Connections over HTTP call it. It takes the place of the client's
 * own, which puts whole commands into messages and hides the status. It throws a `StoreError`.
 */
import type { Deadline } from '../deadline.ts'
import { createStatusError, createUnavailableError, type StoreError } from '../failure.ts'

/** A fetch, as far as it is needed here. */
export type Fetch = (url: string, requestInit: RequestInit) => Promise<Response>

/** Where requests go. */
export interface RedisEndpoint {
  /** Without a slash at its end. */
  readonly url: string
  readonly token: string
  /** Default: the global fetch, as it is when a request is made. */
  readonly fetch: Fetch | undefined
}

/** The reply of Redis to one command. */
export interface Reply {
  readonly result?: unknown
  readonly error?: string
}

/** Before the second try: long enough for a connection that a server closed between two requests. */
const pauseMs = 50

/**
 * Sends commands as one HTTP request. A network fault is tried once more; an answer, whatever it is, stands.
 *
 * @returns as many replies as there were commands
 * @throws {StoreError}
 */
export async function sendCommands(
  commands: readonly unknown[],
  place: RedisEndpoint,
  deadline: Deadline,
): Promise<Reply[]> {
  const url = `${place.url}/pipeline`
  const requestInit: RequestInit = {
    method: 'POST',
    headers: { Authorization: `Bearer ${place.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(commands),
    redirect: 'manual',
    // Next keeps what its own `fetch` got, POST included, unless it is told not to.
    cache: 'no-store',
    signal: deadline.signal,
  }
  for (let again = false; ; again = true) {
    const text = await deadline.race(sendOnce(place.fetch ?? fetch, url, requestInit))
    if (typeof text === 'string') return validateReplies(parseBody(text), commands.length)
    if (text !== undefined) throw text
    if (deadline.over) throw createUnavailableError('timeout')
    if (again) throw createUnavailableError('network')
    await deadline.race(new Promise((done) => setTimeout(done, pauseMs)))
  }
}

/** The body of a success, the failure that another status means, or undefined where the network failed. */
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

/** Anything but a list of as many results and errors is no answer of Redis, and never "nothing there". */
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
