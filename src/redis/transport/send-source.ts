/**
 * Creates connections to Redis through any client that can send a command: `ioredis`,
 * `node-redis`, a socket of a Worker. `redis.ts` calls it for the option `send`. A sender that
 * rejects, or takes too long, becomes `ERR_STORE_UNAVAILABLE`; an error of Redis itself becomes
 * `ERR_STORE_REFUSED`.
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

/** The request that a sender sends for. */
export interface SendContext {
  /** The environment of the request: bindings and secrets on Workers. */
  readonly env: unknown
  /** Aborts when the client's `timeoutMs` are over. */
  readonly signal: AbortSignal
}

/**
 * Sends commands to Redis in one round trip, in their order. Each command is its name and its arguments,
 * all text.
 *
 * @returns for each command `{ result }`, or `{ error }` with the text of Redis's error. Rejects where Redis
 *   could not be reached.
 */
export type SendCommands = (
  commands: ReadonlyArray<readonly string[]>,
  context: SendContext,
) => Promise<ReadonlyArray<{ readonly result?: unknown; readonly error?: string | undefined }>>

/** Before the second try: long enough for a client that is connecting anew. */
const pauseMs = 50

/** Makes the source of connections; faults go into `issues`. */
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

/** A network fault is tried once more; an answer, whatever it is, stands. */
async function sendWithRetry(
  send: () => Promise<unknown>,
  count: number,
  deadline: Deadline,
): Promise<Reply[]> {
  for (let again = false; ; again = true) {
    const outcome = await deadline.race(settle(send))
    if ('replies' in outcome) return validateReplies(outcome.replies, count)
    if (outcome.error instanceof StoreError) throw outcome.error
    if (isRedisError(outcome.error)) throw createRequestError((outcome.error as Error).message)
    if (deadline.over) throw createUnavailableError('timeout')
    if (again) throw createUnavailableError('network')
    await deadline.race(new Promise((done) => setTimeout(done, pauseMs)))
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
 * Whether Redis itself said this, rather than a client that did not reach it: its errors begin with a word
 * in capitals, and those of sockets carry a code.
 */
export function isRedisError(error: unknown): boolean {
  return (
    error instanceof Error &&
    typeof (error as { code?: unknown }).code !== 'string' &&
    /^[A-Z]{3,}(?: |$)/.test(error.message)
  )
}
