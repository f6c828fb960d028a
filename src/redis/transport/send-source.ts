/**
 * Creates connections to Redis for `redis({ send })`, which sends through any client: `ioredis`,
 * `node-redis`, a socket of a Worker, or a function of the application. `redis()` calls it while it
 * is built. A function that rejects is called once more after 50 ms; then, or when the time is up,
 * the call rejects with `ERR_STORE_UNAVAILABLE`. An error of Redis for the whole request becomes
 * `ERR_STORE_REFUSED` or `ERR_STORE_UNAVAILABLE` and is not repeated.
 */
import { type Issues, optionalFunction } from '../../options/index.ts'
import {
  type ConnectionSource,
  createTraits,
  openConnection,
  type RedisConnection,
} from '../connection.ts'
import type { Deadline } from '../deadline.ts'
import { createRequestError, createUnavailableError, StoreError } from '../failure.ts'
import { type Reply, validateReplies } from './send.ts'

/** The context of the commands that are sent. */
export interface SendContext {
  /** The environment of the request: bindings and secrets on Workers. */
  readonly env: unknown
  /** Aborts when the client's `timeoutMs` are over. */
  readonly signal: AbortSignal
}

/**
 * Sends commands to Redis in one round trip, in their order. Each command is a list of texts: its
 * name and its arguments.
 *
 * @returns for each command `{ result }`, or `{ error }` with the text of Redis's error. It rejects
 *   where Redis could not be reached.
 */
export type SendCommands = (
  commands: ReadonlyArray<readonly string[]>,
  context: SendContext,
) => Promise<ReadonlyArray<{ readonly result?: unknown; readonly error?: string | undefined }>>

/** Milliseconds before the second try, enough for a client to reconnect. */
const pauseMs = 50

/** Creates the source of connections. Problems are added to `issues`. */
export function createSendSource(send: SendCommands | undefined, issues: Issues): ConnectionSource {
  const carry = optionalFunction(issues, 'send', send) as SendCommands
  const traits = createTraits()

  return {
    connect: (env): RedisConnection =>
      openConnection(
        (commands, deadline) =>
          sendWithRetry(
            () =>
              carry(
                commands.map((command) => command.map(String)),
                { env, signal: deadline.signal },
              ),
            commands.length,
            deadline,
          ),
        traits,
      ),
    check(): void {},
  }
}

/**
 * Sends commands, and once more after a network error. A reply is never repeated, even if it is an
 * error.
 */
async function sendWithRetry(
  send: () => Promise<unknown>,
  count: number,
  deadline: Deadline,
): Promise<Reply[]> {
  for (let isRetry = false; ; isRetry = true) {
    const outcome = await deadline.race(settle(send))
    if ('replies' in outcome) return validateReplies(outcome.replies, count)
    if (outcome.error instanceof StoreError) throw outcome.error
    if (isRedisError(outcome.error)) throw createRequestError((outcome.error as Error).message)
    if (deadline.over) throw createUnavailableError('timeout')
    if (isRetry) throw createUnavailableError('network')
    await deadline.race(new Promise((resolve) => setTimeout(resolve, pauseMs)))
  }
}

async function settle(
  send: () => Promise<unknown>,
): Promise<{ readonly replies: unknown } | { readonly error: unknown }> {
  try {
    return { replies: await send() }
  } catch (error) {
    return { error }
  }
}

/**
 * Reports whether an error is Redis's own reply, rather than that of a client which did not reach
 * Redis: Redis's errors begin with a word in capitals, and those of sockets have a code.
 */
export function isRedisError(error: unknown): boolean {
  return (
    error instanceof Error &&
    typeof (error as { code?: unknown }).code !== 'string' &&
    /^[A-Z]{3,}(?: |$)/.test(error.message)
  )
}
