/**
 * Creates the client object that all modules use for Redis, over any source of connections.
 * `redis()` and `adoptRedis` create it; stores, limiters, the throttle, the monitor and the console
 * call it. `call` rejects with `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED` or `ERR_CONFIG`; `ask`
 * never rejects, since its batch connects when it is sent; `check` throws a `ConfigError`.
 */
import { createBatch, type RedisBatch, type RedisBatchSettings } from './batch.ts'
import type { ConnectionSource } from './connection.ts'
import type { Script } from './script.ts'
import { sharedAsk } from './shared.ts'

/** A client of Redis. Stores and limiters share HTTP requests only if they use the same client. */
export interface Redis {
  /**
   * Creates the batch of one web request, which must not be used for another one. `url` and `token`
   * are read from `env`.
   */
  ask(env: unknown): RedisBatch
  /**
   * Sends one script call in a separate HTTP request. With an `env` of `shareAsks`, waiting calls
   * are sent with it.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE`: no reply within `timeoutMs`, or none from Redis.
   *   `ERR_STORE_REFUSED`: a wrong token, or an error of the script. `ERR_CONFIG`: `url` or `token` is not set.
   */
  call(
    env: unknown,
    script: Script,
    redisKeys: readonly string[],
    commandArgs: readonly string[],
  ): Promise<unknown>
  /**
   * Validates the values in `env` without sending anything.
   *
   * @throws {ConfigError} `ERR_CONFIG`, naming both where both are wrong
   */
  check(env: unknown): void
  /**
   * Returns the identity of the client's Redis. Two clients with the same identity share the round
   * trip of a request. Optional.
   */
  identify?(env: unknown): unknown
}

/** Creates a client whose connections come from this source. */
export function createClient(source: ConnectionSource, settings: RedisBatchSettings): Redis {
  const createRequestBatch = (env: unknown): RedisBatch =>
    createBatch(() => source.connect(env), settings, env as object | undefined)

  const client: Redis = {
    ask: createRequestBatch,
    call(env, script, redisKeys, commandArgs): Promise<unknown> {
      const batch = sharedAsk(env, client) ?? createRequestBatch(env)
      const reply = batch.call(script, redisKeys, commandArgs)
      return batch.send().then(() => reply)
    },
    check: (env) => source.check(env),
    ...(source.identify && { identify: (env: unknown) => source.identify?.(env) }),
  }
  return client
}
