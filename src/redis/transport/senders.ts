/**
 * Adapters for `redis({ send })` that send through a client of `ioredis` or of `redis`
 * (node-redis). Applications call `ioredisSender` or `nodeRedisSender` with their client. The
 * functions they return reject with the client's error where Redis cannot be reached, and
 * `send-source.ts` turns that into `ERR_STORE_UNAVAILABLE`. A command that failed here is not
 * queued, so it does not run later, when the connection is back.
 */
import { isRedisError, type SendCommands } from './send-source.ts'

/** The part of a client of `ioredis` that is needed. */
export interface IoRedisClient {
  /** Sends one command. */
  call(command: string, ...commandArgs: string[]): Promise<unknown>
  /**
   * The state of the connection: `ready` where commands are written immediately. A client without
   * this member is always called.
   */
  readonly status?: string
  /** Opens the connection of a client with `lazyConnect`. */
  connect?(): Promise<unknown>
  /** Adds a listener. */
  on?(event: 'ready' | 'end', listener: () => void): unknown
  /** Removes a listener. */
  off?(event: 'ready' | 'end', listener: () => void): unknown
}

/** The part of a client or pool of `redis` (node-redis) that is needed. */
export interface NodeRedisClient {
  /** Sends one command, unless the signal aborts before it is written. */
  sendCommand(command: string[], options?: AbortOptions): Promise<unknown>
}

/**
 * The option that removes a command from the queue of node-redis when time is up: version 5 has the
 * first one, version 4 the second.
 */
interface AbortOptions {
  readonly abortSignal?: AbortSignal
  readonly signal?: AbortSignal
}

/**
 * Creates a sender through a client of `ioredis`. The commands of one call are sent in one write.
 * While the client is not connected, commands are not passed to it: its queue would run them when
 * Redis is back, although the request has failed by then.
 *
 * @example
 * const client = redis({ send: ioredisSender(new Redis(process.env.REDIS_URL)) })
 */
export function ioredisSender(client: IoRedisClient): SendCommands {
  const send = (commands: ReadonlyArray<readonly string[]>): Promise<SentReply[]> =>
    settleReplies(commands.map(([name = '', ...commandArgs]) => client.call(name, ...commandArgs)))

  return (commands, { signal }) =>
    isConnecting(client)
      ? waitUntilReady(client, signal).then(() => send(commands))
      : send(commands)
}

function isConnecting({ status }: IoRedisClient): boolean {
  return status !== undefined && status !== 'ready' && status !== 'end'
}

/**
 * Resolves when the client is connected, or closed permanently, which its next call reports.
 * Rejects when the time is up.
 */
function waitUntilReady(client: IoRedisClient, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function stop(): void {
      client.off?.('ready', proceed)
      client.off?.('end', proceed)
      signal.removeEventListener('abort', giveUp)
    }
    function proceed(): void {
      stop()
      resolve()
    }
    function giveUp(): void {
      stop()
      reject(new Error('The ioredis client was not connected within the time limit'))
    }

    client.on?.('ready', proceed)
    client.on?.('end', proceed)
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    else if (client.status === 'wait') client.connect?.().catch(() => {})
  })
}

/**
 * Creates a sender through a connected client of `redis` (node-redis), version 4 or later. Add a
 * listener for `error` to that client: without one, a lost connection ends the process.
 *
 * @example
 * const client = redis({ send: nodeRedisSender(await createClient({ url: process.env.REDIS_URL }).connect()) })
 */
export function nodeRedisSender(client: NodeRedisClient): SendCommands {
  return (commands, { signal }) => {
    const options = { abortSignal: signal, signal }
    return settleReplies(commands.map((command) => client.sendCommand([...command], options)))
  }
}

type SentReply = { readonly result?: unknown; readonly error?: string }

/**
 * Collects the replies. An error of Redis is a reply; a command that did not reach Redis rejects
 * the whole call, so that it is sent again.
 */
async function settleReplies(waiting: ReadonlyArray<Promise<unknown>>): Promise<SentReply[]> {
  const outcomes = await Promise.allSettled(waiting)
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return { result: outcome.value }
    if (isRedisError(outcome.reason)) return { error: (outcome.reason as Error).message }
    throw outcome.reason
  })
}
