/**
 * Collects the commands that one web request sends to Redis, and sends them as one HTTP request.
 * Clients of `redis()` create batches; limiters, stores and sessions add calls to them. `send`
 * never rejects. Each call rejects with `ERR_STORE_UNAVAILABLE` where Redis cannot be reached in
 * time or its breaker is open, with `ERR_STORE_REFUSED` where Redis rejects it, or with
 * `ERR_CONFIG` where URL or token are missing. A batch must not be shared between web requests.
 */
import type { Emit } from '../types.ts'
import type { RedisConnection } from './connection.ts'
import { startDeadline } from './deadline.ts'
import { type ForeignScripts, parseForeignScript, type ScriptFacade, toTexts } from './facade.ts'
import { createUnavailableError, StoreError } from './failure.ts'
import { emitStoreError, type Item, sendInRounds } from './rounds.ts'
import type { Script } from './script.ts'

/**
 * The commands of one web request. A batch is never shared between requests, because no request may wait for the I/O of
 * another, which Workers do not allow.
 */
export interface RedisBatch {
  /** The number of calls that wait for {@link send}. */
  readonly waiting: number
  /**
   * Adds a call to the next HTTP request. All keys of the script must be in `redisKeys`; arguments
   * are texts, also for numbers.
   *
   * @returns a promise of the script's result, which settles once {@link send} has sent the call.
   *   The result must be validated by the caller. It rejects with `ERR_STORE_UNAVAILABLE` or
   *   `ERR_STORE_REFUSED`, or with `ERR_CONFIG` where URL or token are missing. It may be awaited
   *   late or never.
   */
  call(
    script: Script,
    redisKeys: readonly string[],
    commandArgs: readonly string[],
  ): Promise<unknown>
  /**
   * Sends all waiting calls in order as one request, or none if there are no calls. Calls that
   * failed because Redis does not have their script are sent together once more, in full. All of
   * this happens within the client's `timeoutMs`.
   *
   * It never rejects, because a failure rejects the calls. Calls that are added meanwhile wait for
   * the next `send`.
   */
  send(): Promise<void>
  /** The batch as a client for `@upstash/ratelimit`. */
  readonly facade: ScriptFacade
}

/** The parts of a client that a batch needs. */
export interface RedisBatchSettings {
  readonly timeoutMs: number
  readonly foreign: ForeignScripts
  readonly emit: Emit
}

/**
 * Creates a batch. `connect` returns the connection when commands are sent, and throws a
 * ConfigError where it is not configured.
 *
 * @param context - the environment, by which events find the listener of a request.
 */
export function createBatch(
  connect: () => RedisConnection,
  { timeoutMs, foreign, emit }: RedisBatchSettings,
  context?: object,
): RedisBatch {
  let queue: Item[] = []
  /**
   * The calls that a library sent in full after it received NOSCRIPT. They belong to the current
   * round.
   */
  let fullScriptCalls: Item[] = []
  let facade: ScriptFacade | undefined

  function enqueue(list: Item[], call: Omit<Item, 'resolve' | 'reject'>): Promise<unknown> {
    const reply = new Promise<unknown>((resolve, reject) => list.push({ ...call, resolve, reject }))
    reply.catch(() => {}) // the caller may never await it
    return reply
  }

  async function waitForFullScripts(count: number): Promise<Item[]> {
    // A library needs a few microtasks from the rejection to its `eval`, and never a turn of the
    // event loop.
    for (let step = 0; step < 16 && fullScriptCalls.length < count; step++) await undefined
    if (fullScriptCalls.length < count) await new Promise((resolve) => setTimeout(resolve))
    const items = fullScriptCalls
    fullScriptCalls = []

    for (const { script } of items) if (script) await foreign.keep(script)
    return items
  }

  async function send(): Promise<void> {
    const items = [...queue, ...fullScriptCalls]
    queue = []
    fullScriptCalls = []
    if (items.length === 0) return

    try {
      await sendGuarded(items, connect())
    } catch (error) {
      if (error instanceof StoreError) emitStoreError({ emit, context }, error)
      for (const { reject } of items) reject(error)
    }
  }

  /** Sends, unless the breaker of this Redis is open. */
  async function sendGuarded(items: Item[], connection: RedisConnection): Promise<void> {
    const { breaker } = connection.traits
    const isUrgent = items.some(({ script }) => script?.urgent)

    if (!breaker.admit() && !isUrgent) throw createUnavailableError('breaker-open')

    const deadline = startDeadline(timeoutMs)
    try {
      await sendInRounds(items, connection, deadline, {
        ...{ foreign, events: { emit, context } },
        waitForSources: waitForFullScripts,
      })
      if (breaker.succeed()) emit({ type: 'breaker-closed', subject: 'redis' })
    } catch (error) {
      const isUnavailable = error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE'
      if (isUnavailable && breaker.fail(error)) {
        emit({ type: 'breaker-opened', reason: error.reason, subject: 'redis' })
      } else if (!isUnavailable) breaker.succeed()
      throw error
    } finally {
      deadline.stop()
    }
  }

  return {
    get waiting(): number {
      return queue.length + fullScriptCalls.length
    },
    call: (script, redisKeys, commandArgs) =>
      enqueue(queue, { script, inFull: false, keys: redisKeys, args: commandArgs }),
    send,
    get facade(): ScriptFacade {
      facade ??= {
        evalsha: <T>(digest: string, redisKeys: readonly string[], args?: readonly unknown[]) =>
          enqueue(queue, {
            script: undefined,
            digest,
            inFull: false,
            keys: redisKeys,
            args: toTexts(args),
          }) as Promise<T>,
        eval: <T>(source: string, redisKeys: readonly string[], args?: readonly unknown[]) =>
          enqueue(fullScriptCalls, {
            script: parseForeignScript(source),
            inFull: true,
            keys: redisKeys,
            args: toTexts(args),
          }) as Promise<T>,
      }
      return facade
    },
  }
}
