/**
 * Resolves the option `redis` of stores and limiters: a client of this library, or one that the
 * application already has. Stores, limiters and the monitor call it while building. A value of
 * another kind is reported as an issue.
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

/** Clients that were adopted before: whoever gives the same one to a store and a limiter lets them share requests. */
const adopted = new WeakMap<object, Redis>()

/** Makes the option a client; a fault returns one that must not be used. */
export function adoptRedis(optionValue: unknown, issues: Issues, optionName = 'redis'): Redis {
  if (isOwnClient(optionValue)) return optionValue
  if (typeof optionValue === 'function' || isUpstashClient(optionValue)) {
    const client = adopted.get(optionValue) ?? adoptClient(optionValue as FromEnv<UpstashClient>)
    adopted.set(optionValue, client)
    return client
  }

  issues.add(
    optionName,
    optionValue === undefined
      ? 'is required'
      : 'must be a client made by redis() or by @upstash/redis, or a function that makes the latter',
  )
  return optionValue as Redis
}

/** As `redis({ client })` makes it, without the code of other ways to reach a Redis. */
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
