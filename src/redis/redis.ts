/**
 * Validates the options of a Redis client, and chooses how Redis is reached. Applications call it
 * through `redis()`. Wrong options are a `ConfigError`; wrong values of the environment are one at
 * the first call.
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

/** Everything that `redis()` takes. */
export type AnyRedisOptions = RedisOptions | UpstashClientOptions | RedisSendOptions | UpstashClient

/**
 * Makes the client: over Upstash's REST API with `url` and `token`, through a client of `@upstash/redis`
 * with `client` (or that client itself), or through anything that can send a command with `send`. Nothing
 * is sent, and on Workers it may stand at module scope.
 *
 * A network fault is tried once more within the time budget, so that a script may run twice: scripts that
 * must not count twice carry an id of the write. Answers with an error status are never tried again. A
 * client of `@upstash/redis` retries as it was told to.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function redis(options: AnyRedisOptions): Redis {
  const issues = createIssues('redis')
  const { kind, given } = toOptions(options)
  checkKeys(issues, given, redisKeys[kind])
  const bounds = { min: 10, max: 30_000, unit: 'milliseconds' }
  const timeoutMs =
    parseWholeNumber(issues, 'timeoutMs', given.timeoutMs, bounds) ?? DEFAULT_TIMEOUT_MS
  const emit = optionalListener(issues, 'onEvent', given.onEvent) ?? (() => {})
  const source = createSource(kind, given, issues)
  issues.throwIfAny()

  return createClient(source, { timeoutMs, foreign: createForeignScripts(), emit })
}

type GivenOptions = Partial<RedisOptions & UpstashClientOptions & RedisSendOptions>

/** Which kind of client the options describe. */
function toOptions(options: AnyRedisOptions): {
  readonly kind: keyof typeof redisKeys
  readonly given: GivenOptions
} {
  if (isUpstashClient(options)) return { kind: 'client', given: { client: options } }
  const given = (typeof options === 'object' ? { ...options } : options) as GivenOptions
  if (given?.client !== undefined) return { kind: 'client', given }
  return { kind: given?.send === undefined ? 'http' : 'send', given: given ?? {} }
}

function createSource(
  kind: keyof typeof redisKeys,
  { url, token, insecurePlainHttp, fetch, client, send }: GivenOptions,
  issues: Issues,
): ConnectionSource {
  if (kind === 'client') return createUpstashSource(client, issues)
  if (kind === 'send') return createSendSource(send, issues)

  const insecure = booleanOption(issues, 'insecurePlainHttp', insecurePlainHttp, false)
  const ownFetch = optionalFunction(issues, 'fetch', fetch)
  return createHttpSource({ url, token, insecure, fetch: ownFetch }, issues)
}
