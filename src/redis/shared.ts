/**
 * Lets several modules that call Redis for one web request share one batch, although they do not
 * know each other. The gateway and `portcullis()` create an environment with `shareAsks`; clients,
 * limiters, the throttle and stores find the batch in it with `sharedAsk`. Nothing here rejects:
 * the failure of a batch rejects the calls in it. An environment without a batch gives undefined,
 * and the module then sends its call alone. A copy of the environment shares nothing.
 */
import type { RedisBatch } from './batch.ts'
import type { Redis } from './client.ts'

// The property of an environment, which is created for one request, that holds its batches: so no
// batch outlives its request. A WeakMap would cost the garbage collector more than the request.
const sharedKey = Symbol('shared')

/**
 * Measures a request to Redis, for a span of the gateway's monitor. It rejects with the error of
 * `send`.
 */
export type ObserveBatch = (commands: number, send: () => Promise<void>) => Promise<void>

interface SharedBatches {
  /** The environment to which the batches belong. A copy of the environment shares nothing. */
  readonly owner: object
  /**
   * The batches by client, and by the identity that several clients of one Redis have in common.
   */
  readonly batches: Map<unknown, RedisBatch>
  readonly observe: ObserveBatch | undefined
}

/**
 * Creates an environment for one web request, with all values of `env`. Calls with this environment
 * go through the request's shared batch of a client, and are sent together with the calls that wait
 * there.
 *
 * @example
 * ```ts
 * const env = shareAsks(c.env)
 * const results = Promise.all([first.read(env), second.read(env)])
 * await sharedAsk(env, client)?.send()
 * ```
 */
export function shareAsks(env: unknown, observe?: ObserveBatch): object {
  const sharedEnv = Object.create((env ?? null) as object | null) as object
  ;(sharedEnv as { [sharedKey]?: SharedBatches })[sharedKey] = {
    owner: sharedEnv,
    batches: new Map(),
    observe,
  }
  return sharedEnv
}

/**
 * Reports whether an environment was created by {@link shareAsks} for one web request.
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
 * Returns the batch that a web request shares for a client. Returns undefined where `env` was not
 * created for one request. Calls that are added to the batch wait for its `send`.
 *
 * @example
 * ```ts
 * const batch = sharedAsk(env, client)
 * const reply = batch === undefined ? client.call(env, read, keys, []) : batch.call(read, keys, [])
 * ```
 */
export function sharedAsk(env: unknown, client: Redis): RedisBatch | undefined {
  const sharedBatches = findShared(env)
  if (sharedBatches === undefined) return undefined

  const { batches, observe } = sharedBatches
  const clientBatch = batches.get(client)
  if (clientBatch !== undefined) return clientBatch

  const identity = findIdentity(client, env)
  const batch = batches.get(identity) ?? createSharedBatch(client, env, observe)
  batches.set(identity, batch)
  batches.set(client, batch)

  return batch
}

function findShared(env: unknown): SharedBatches | undefined {
  const sharedBatches =
    typeof env === 'object' && env !== null
      ? (env as { [sharedKey]?: SharedBatches })[sharedKey]
      : undefined
  return sharedBatches?.owner === env ? sharedBatches : undefined
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

      const observedSend = observe(waiting, async () => {
        failure = undefined
        await batch.send()
        if (failure !== undefined) throw failure
      })
      // The failure also rejects the calls, which report it.
      return observedSend.catch(() => {})
    },
  }
}

/**
 * Returns the identity of a client. A client that is not configured has none of its own; the error
 * appears when it sends.
 */
function findIdentity(client: Redis, env: unknown): unknown {
  try {
    return client.identify?.(env) ?? client
  } catch {
    return client
  }
}
