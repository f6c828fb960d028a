/**
 * Resolves the option `redis` of stores, limiters, the throttle, the monitor and the console: a
 * client of `redis()`, or a client of `@upstash/redis` that the application already has. These
 * modules call it while they are built. A value of another kind is added to the caller's list of
 * issues and returned unchanged, so the caller must end with `issues.throwIfAny()`. One
 * `@upstash/redis` client always gives the same client, so that stores and limiters share requests.
 */
import { createIssues, type Issues } from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { createClient, type Redis } from './client.ts'
import { createForeignScripts } from './facade.ts'
import { DEFAULT_TIMEOUT_MS } from './options.ts'
import { isUpstashClient, type UpstashClient } from './transport/upstash-client.ts'
import { createUpstashSource } from './transport/upstash-source.ts'

/**
 * The option `redis` of stores and limiters: a client of `redis()`, a client of `@upstash/redis` such as
 * `Redis.fromEnv()`, or a function that makes one from the environment: `(c) => Redis.fromEnv(c.env)`.
 */
export type RedisSource<E = ProjectEnv> = Redis | FromEnv<UpstashClient, E>

/**
 * The clients created here, by the client of `@upstash/redis`. A store and a limiter that get the
 * same one share requests.
 */
const adoptedClients = new WeakMap<object, Redis>()

/** Returns the client of the option. After an issue, the returned value must not be used. */
export function adoptRedis(optionValue: unknown, issues: Issues, optionName = 'redis'): Redis {
  if (isOwnClient(optionValue)) return optionValue
  if (typeof optionValue === 'function' || isUpstashClient(optionValue)) {
    const client =
      adoptedClients.get(optionValue) ?? adoptClient(optionValue as FromEnv<UpstashClient>)
    adoptedClients.set(optionValue, client)

    return client
  }

  issues.add(
    optionName,
    optionValue === undefined
      ? 'is required'
      : 'must be the result of redis(), a client of @upstash/redis, or a function that returns one',
  )
  return optionValue as Redis
}

/**
 * Creates the same client as `redis({ client })`, without importing the other ways to reach Redis.
 */
function adoptClient(client: FromEnv<UpstashClient>): Redis {
  const issues = createIssues('redis')
  const source = createUpstashSource(client, issues)
  issues.throwIfAny()

  const settings = { timeoutMs: DEFAULT_TIMEOUT_MS, foreign: createForeignScripts(), emit() {} }
  return createClient(source, settings)
}

function isOwnClient(optionValue: unknown): optionValue is Redis {
  const { call, ask } = (optionValue ?? {}) as Partial<Redis>
  return typeof call === 'function' && typeof ask === 'function'
}
