/**
 * Adapters for `redis({ send })` that send through a client of `ioredis` or of `redis`
 * (node-redis). Applications call `ioredisSender` or `nodeRedisSender` with their client. The
 * functions they return reject with the client's error, or with one of this file while the client is
 * not connected, and `send-source.ts` turns both into `ERR_STORE_UNAVAILABLE`. With the options of the client
 * that docs/storage.md names, a command that failed here is not queued, so it does not run later,
 * when the connection is back. `redis()` limits the time after a command was sent.
 */
import { isRedisError, type SendCommands } from './send-source.ts'

/** Events of a connection: open, lost, and closed permanently. */
type ConnectionEvent = 'ready' | 'close' | 'end'

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
  on?(event: ConnectionEvent, listener: () => void): unknown
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
 * Redis is back, although the request has failed by then. Give the client the option
 * `autoResendUnfulfilledCommands: false`, so that it does not repeat commands of a lost connection.
 *
 * @example
 * const connection = new Redis(process.env.REDIS_URL, {
 *   lazyConnect: true,
 *   enableOfflineQueue: false,
 *   autoResendUnfulfilledCommands: false,
 * })
 * connection.on('error', (error) => console.error(error.message))
 * const client = redis({ send: ioredisSender(connection) })
 */
export function ioredisSender(client: IoRedisClient): SendCommands {
  const listeners = findListeners(client)

  function send(commands: ReadonlyArray<readonly string[]>): Promise<SentReply[]> {
    const pendingReplies = commands.map(([name = '', ...commandArgs]) =>
      client.call(name, ...commandArgs),
    )
    return rejectWhenLost(settleReplies(pendingReplies), listeners)
  }

  return (commands, { signal }) =>
    isConnecting(client)
      ? waitUntilReady(client, listeners, signal).then(() => send(commands))
      : send(commands)
}

/** Calls that wait for an event of one client. */
type ConnectionListeners = Readonly<Record<ConnectionEvent, Set<() => void>>>

const listenersByClient = new WeakMap<IoRedisClient, ConnectionListeners>()

/** Listens once to each event of a client, for all calls: Node warns of a leak where an emitter has more than ten listeners. */
function findListeners(client: IoRedisClient): ConnectionListeners {
  const existingListeners = listenersByClient.get(client)
  if (existingListeners !== undefined) return existingListeners

  const listeners: ConnectionListeners = { ready: new Set(), close: new Set(), end: new Set() }
  listenersByClient.set(client, listeners)
  for (const event of ['ready', 'close', 'end'] as const)
    client.on?.(event, () => {
      for (const notify of [...listeners[event]]) notify()
    })

  return listeners
}

function isConnecting({ status }: IoRedisClient): boolean {
  return status !== undefined && status !== 'ready' && status !== 'end'
}

/**
 * Rejects if the connection is lost before the replies arrive. A client that may not repeat a command
 * forgets it, and its promise never settles.
 *
 * @see ioredis 5.11, built/redis/event_handler.js, readyHandler: `prevCommandQueue = null`
 */
function rejectWhenLost(
  replies: Promise<SentReply[]>,
  listeners: ConnectionListeners,
): Promise<SentReply[]> {
  return new Promise((resolve, reject) => {
    function settle(): void {
      listeners.close.delete(giveUp)
      resolve(replies)
    }
    function giveUp(): void {
      listeners.close.delete(giveUp)
      reject(new Error('the connection was lost'))
    }

    listeners.close.add(giveUp)
    replies.then(settle, settle)
  })
}

/**
 * Resolves when the client is connected, or closed permanently, which its next call reports.
 * Rejects when the time is up.
 */
function waitUntilReady(
  client: IoRedisClient,
  listeners: ConnectionListeners,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    function stop(): void {
      listeners.ready.delete(proceed)
      listeners.end.delete(proceed)
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

    listeners.ready.add(proceed)
    listeners.end.add(proceed)
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
