/**
 * Validates the options of a Redis client, chooses how Redis is reached, and creates the client.
 * Applications call it as `redis()` through `door.ts`; `redis.fromEnv()` and the deployable Worker
 * (`worker/`) call it directly. Wrong options throw a `ConfigError` at once, and nothing is sent. A
 * wrong URL or token in the environment rejects the first call with `ERR_CONFIG`. A call of the
 * client rejects with `ERR_STORE_UNAVAILABLE` where Redis does not answer within the time limit, and
 * with `ERR_STORE_REFUSED` where it answers with an error.
 */
import {
  booleanOption,
  checkKeys,
  createIssues,
  type Issues,
  optionalFunction,
  optionalListener,
  parseWholeNumber,
} from '../options/index.ts'
import { createClient, type Redis } from './client.ts'
import type { ConnectionSource } from './connection.ts'
import { createForeignScripts } from './facade.ts'
import {
  DEFAULT_TIMEOUT_MS,
  type RedisOptions,
  type RedisSendOptions,
  redisKeys,
  type UpstashClientOptions,
} from './options.ts'
import { createHttpSource } from './transport/http-source.ts'
import { createSendSource } from './transport/send-source.ts'
import { isUpstashClient, type UpstashClient } from './transport/upstash-client.ts'
import { createUpstashSource } from './transport/upstash-source.ts'

/** The options of `redis()`, or a client of `@upstash/redis`. */
export type AnyRedisOptions = RedisOptions | UpstashClientOptions | RedisSendOptions | UpstashClient

/**
 * Creates the client: over Upstash's REST API with `url` and `token`, through a client of
 * `@upstash/redis` with `client` (or that client itself), or with `send` through any function that
 * sends commands. Nothing is sent, so on Workers it may be called at module scope.
 *
 * A call that fails because of the network is sent once more within `timeoutMs`, so a script may
 * run twice: a script that must not count twice receives an id, by which it recognises its own write. A reply with an error is
 * never repeated. A client of `@upstash/redis` retries by its own options.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function redis(options: AnyRedisOptions): Redis {
  const issues = createIssues('redis')
  const { kind, input } = toOptions(options)
  checkKeys(issues, input, redisKeys[kind])
  const bounds = { min: 10, max: 30_000, unit: 'milliseconds' }
  const timeoutMs =
    parseWholeNumber(issues, 'timeoutMs', input.timeoutMs, bounds) ?? DEFAULT_TIMEOUT_MS
  const emit = optionalListener(issues, 'onEvent', input.onEvent) ?? (() => {})
  const source = createSource(kind, input, issues)

  issues.throwIfAny()

  return createClient(source, { timeoutMs, foreign: createForeignScripts(), emit })
}

type GivenOptions = Partial<RedisOptions & UpstashClientOptions & RedisSendOptions>

/** Finds the kind of client that the options describe. */
function toOptions(options: AnyRedisOptions): {
  readonly kind: keyof typeof redisKeys
  readonly input: GivenOptions
} {
  if (isUpstashClient(options)) return { kind: 'client', input: { client: options } }

  const input = (typeof options === 'object' ? { ...options } : options) as GivenOptions
  if (input?.client !== undefined) return { kind: 'client', input }

  return { kind: input?.send === undefined ? 'http' : 'send', input: input ?? {} }
}

function createSource(
  kind: keyof typeof redisKeys,
  { url, token, insecurePlainHttp, fetch, client, send }: GivenOptions,
  issues: Issues,
): ConnectionSource {
  if (kind === 'client') return createUpstashSource(client, issues)
  if (kind === 'send') return createSendSource(send, issues)

  const insecure = booleanOption(issues, 'insecurePlainHttp', insecurePlainHttp, false)
  const customFetch = optionalFunction(issues, 'fetch', fetch)
  return createHttpSource({ url, token, insecure, fetch: customFetch }, issues)
}
