/**
 * Creates `redisProbe()`, which checks that Redis answers, and `redisState()`, which stores the
 * state of the uptime check in Redis. Applications pass the first to the gateway's option `ready`
 * and the second to `uptime({ state })`. A value that is no Redis client throws a `ConfigError`
 * while building. At run time both reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`, as
 * the Redis client does.
 */
import { createIssues } from '../options/index.ts'
import { adoptRedis, type RedisSource } from '../redis/adopt.ts'
import type { Redis } from '../redis/client.ts'
import { type Script, script } from '../redis/script.ts'
import type { UptimeState } from './uptime.ts'

/**
 * Checks that a store is reachable, and rejects where it is not. `env` is the environment of the
 * request or of the schedule.
 */
export type StoreProbe = (env: unknown) => Promise<unknown>

const pingScript: Script = /* @__PURE__ */ script('ping', 'return 1')
const readScript: Script = /* @__PURE__ */ script(
  'uptime-read',
  "return redis.call('GET', KEYS[1])",
)
const writeScript: Script = /* @__PURE__ */ script(
  'uptime-write',
  "return redis.call('SET', KEYS[1], ARGV[1], 'EX', 2592000)",
)

/**
 * Returns a probe that checks whether Redis runs a script. It rejects for a wrong token and for a
 * Redis that is still loading.
 *
 * @example
 * createGateway({ ready: { store: redisProbe(client) }, upstreams, routes })
 */
export function redisProbe(redis: RedisSource): StoreProbe {
  const redisClient = readClient(redis)
  return (env) => redisClient.call(env, pingScript, [], [])
}

/**
 * Stores the state of the uptime check in Redis under one key, for 30 days after the last run. The
 * value has names of upstreams and times, and nothing about users.
 *
 * @example
 * uptime({ state: redisState(client), webhook: (c) => c.env.WEBHOOK_URL })
 */
export function redisState(
  redis: RedisSource,
  { key: redisKey = 'portcullis:uptime' }: { readonly key?: string } = {},
): UptimeState {
  const redisClient = readClient(redis)
  return {
    async read(env): Promise<string | undefined> {
      const storedText = await redisClient.call(env, readScript, [redisKey], [])
      return typeof storedText === 'string' ? storedText : undefined
    },
    async write(env, stateText): Promise<void> {
      await redisClient.call(env, writeScript, [redisKey], [stateText])
    },
  }
}

/**
 * Returns the Redis client of a source.
 *
 * @throws {ConfigError} `ERR_CONFIG` for a value that is no client
 */
function readClient(redis: RedisSource): Redis {
  const issues = createIssues()
  const redisClient = adoptRedis(redis, issues)
  issues.throwIfAny()

  return redisClient
}
