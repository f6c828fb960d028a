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
}

/** A client or a pool of `redis` (node-redis), as far as this library needs one. */
export interface NodeRedisClient {
  /** Sends one command. */
  sendCommand(command: string[]): Promise<unknown>
}

/**
 * Sends through a client of `ioredis`. Commands of one call leave in one write.
 *
 * @example
 * const client = redis({ send: ioredisSender(new Redis(process.env.REDIS_URL)) })
 */
export function ioredisSender(client: IoRedisClient): SendCommands {
  return (commands) =>
    settleReplies(commands.map(([name = '', ...commandArgs]) => client.call(name, ...commandArgs)))
}

/**
 * Sends through a connected client of `redis` (node-redis), version 4 or later.
 *
 * @example
 * const client = redis({ send: nodeRedisSender(await createClient({ url: process.env.REDIS_URL }).connect()) })
 */
export function nodeRedisSender(client: NodeRedisClient): SendCommands {
  return (commands) => settleReplies(commands.map((command) => client.sendCommand([...command])))
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
