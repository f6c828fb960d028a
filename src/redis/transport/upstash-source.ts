/**
 * Creates connections to Redis through a client of `@upstash/redis`: one that is given, or one
 * that the environment makes. `redis.ts` and `adopt.ts` call it while building. A value that is no
 * such client is reported as an issue.
 */
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import {
  type ConnectionSource,
  createTraits,
  openConnection,
  type RedisConnection,
  type RedisTraits,
} from '../connection.ts'
import { checkEach } from './source-check.ts'
import {
  identifyRequester,
  readRequester,
  sendThroughClient,
  type UpstashClient,
  type UpstashRequester,
} from './upstash-client.ts'

/** Databases at a time whose traits are remembered. */
const maxTraits = 16

/** Makes the source of connections; faults go into `issues`. */
export function createUpstashSource(
  client: FromEnv<UpstashClient> | undefined,
  issues: Issues,
): ConnectionSource {
  const read = resolveFrom(issues, 'client', client, readRequester)
  // A function makes a new client for each request: what is known of a database outlives them.
  const traits = new Map<unknown, RedisTraits>()

  function findTraits(identity: unknown): RedisTraits {
    const found = traits.get(identity) ?? createTraits()
    if (traits.size >= maxTraits) traits.clear()
    traits.set(identity, found)
    return found
  }

  function connect(env: unknown): RedisConnection {
    const requester: UpstashRequester = read(env)
    return openConnection(
      (commands, deadline) => sendThroughClient(requester, commands, deadline),
      findTraits(identifyRequester(requester)),
    )
  }

  return {
    connect,
    check: (env) => checkEach([read], env),
    identify: (env) => identifyRequester(read(env)),
  }
}
