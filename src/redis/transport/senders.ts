/**
 * Adapters for `redis({ send })`: clients that speak Redis's own protocol. Applications call
 * `ioredisSender` or `nodeRedisSender`. They reject as the client does; `send-source.ts` maps the
 * error.
 */
import { isRedisError, type SendCommands } from './send-source.ts'

/** A client of `ioredis`, as far as this library needs one. */
export interface IoRedisClient {
  /** Sends one command. */
  call(command: string, ...commandArgs: string[]): Promise<unknown>
  /** `ready` where commands are written immediately. A client without it is always asked. */
  readonly status?: string
  /** Opens the connection of a client with `lazyConnect`. */
  connect?(): Promise<unknown>
  /** Adds a listener. */
  on?(event: 'ready' | 'end', listener: () => void): unknown
  /** Removes a listener. */
  off?(event: 'ready' | 'end', listener: () => void): unknown
}

/** A client or a pool of `redis` (node-redis), as far as this library needs one. */
export interface NodeRedisClient {
  /** Sends one command, unless the signal aborts before it is written. */
  sendCommand(command: string[], options?: AbortOptions): Promise<unknown>
}

/** Options that withdraw a command from the queue of node-redis: version 5 has the first one, version 4 the second. */
interface AbortOptions {
  readonly abortSignal?: AbortSignal
  readonly signal?: AbortSignal
}

/**
 * Sends through a client of `ioredis`. Commands of one call leave in one write. While the client is not connected
 * nothing is given to it: its queue would run what has failed for everybody else as soon as Redis is back.
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

/** Resolves when the client is connected, or closed for good, which its next call reports. Rejects when time is up. */
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
      reject(new Error('the client is not connected'))
    }

    client.on?.('ready', proceed)
    client.on?.('end', proceed)
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    else if (client.status === 'wait') client.connect?.().catch(() => {})
  })
}

/**
 * Sends through a connected client of `redis` (node-redis), version 4 or later. Give that client a listener of
 * `error`, without which a lost connection ends the process.
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

/** A refusal by Redis is a reply; a command that did not reach it fails all of them, to be sent again. */
async function settleReplies(waiting: ReadonlyArray<Promise<unknown>>): Promise<SentReply[]> {
  const settled = await Promise.allSettled(waiting)
  return settled.map((each) => {
    if (each.status === 'fulfilled') return { result: each.value }
    if (isRedisError(each.reason)) return { error: (each.reason as Error).message }
    throw each.reason
  })
}
