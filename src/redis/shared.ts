/**
 * Lets the commands that several modules send to Redis for one web request be sent together,
 * though none of them knows of the others. The gateway and `portcullis()` create the shared
 * environment; stores and limiters find the batch in it. An environment without a batch gives
 * undefined.
 */
import type { RedisBatch } from './batch.ts'
import type { Redis } from './client.ts'

// A property of environments that are created for one request each, so that no batch lives longer. A WeakMap would cost
// the garbage collector more than the request.
const shared = Symbol('shared')

/** Measures a request to Redis, where the monitor of a gateway wants a span of it. Rejects with what `send` rejects with. */
export type ObserveBatch = (commands: number, send: () => Promise<void>) => Promise<void>

interface SharedBatches {
  /** The environment it was made with; a copy of one shares nothing. */
  readonly of: object
  /** By client, and by what several clients of one Redis have in common. */
  readonly asks: Map<unknown, RedisBatch>
  readonly observe: ObserveBatch | undefined
}

/**
 * An environment for one web request, which finds everything that `env` holds. Whatever is called with it goes through the
 * request's one Ask of a client, and takes along what waits there.
 *
 * @example
 * ```ts
 * const env = shareAsks(c.env)
 * const results = Promise.all([first.read(env), second.read(env)])
 * await sharedAsk(env, client)?.send()
 * ```
 */
export function shareAsks(env: unknown, observe?: ObserveBatch): object {
  const made = Object.create((env ?? null) as object | null) as object
  ;(made as { [shared]?: SharedBatches })[shared] = { of: made, asks: new Map(), observe }
  return made
}

/**
 * Whether an environment is an object of one web request alone.
 *
 * @example
 * ```ts
 * isShared(shareAsks(c.env)) // true
 * ```
 */
export function isShared(env: unknown): env is object {
  return findShared(env) !== undefined
}

/**
 * The Ask that a request shares; undefined where `env` was made for none. What is called there waits for its `send`.
 *
 * @example
 * ```ts
 * const batch = sharedAsk(env, client)
 * const reply = batch === undefined ? client.call(env, read, keys, []) : batch.call(read, keys, [])
 * ```
 */
export function sharedAsk(env: unknown, client: Redis): RedisBatch | undefined {
  const found = findShared(env)
  if (found === undefined) return undefined
  const { asks, observe } = found
  const own = asks.get(client)
  if (own !== undefined) return own

  const identity = findIdentity(client, env)
  const batch = asks.get(identity) ?? createSharedBatch(client, env, observe)
  asks.set(identity, batch)
  asks.set(client, batch)
  return batch
}

function findShared(env: unknown): SharedBatches | undefined {
  const found =
    typeof env === 'object' && env !== null
      ? (env as { [shared]?: SharedBatches })[shared]
      : undefined
  return found?.of === env ? found : undefined
}

function createSharedBatch(
  client: Redis,
  env: unknown,
  observe: ObserveBatch | undefined,
): RedisBatch {
  const batch = client.ask(env)
  if (observe === undefined) return batch

  let failure: unknown
  return {
    get waiting() {
      return batch.waiting
    },
    get facade() {
      return batch.facade
    },
    call(...call) {
      const reply = batch.call(...call)
      reply.catch((error) => {
        failure = error
      })
      return reply
    },
    send() {
      const { waiting } = batch
      if (waiting === 0) return batch.send()

      const sent = observe(waiting, async () => {
        failure = undefined
        await batch.send()
        if (failure !== undefined) throw failure
      })
      // A failure belongs to the calls.
      return sent.catch(() => {})
    },
  }
}

/** A client that is not set up is itself: what it sends will say what is wrong. */
function findIdentity(client: Redis, env: unknown): unknown {
  try {
    return client.identify?.(env) ?? client
  } catch {
    return client
  }
}
