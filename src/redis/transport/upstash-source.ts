/**
 * Creates connections to Redis through a client of `@upstash/redis`: one that the application
 * passes, or one that its function creates from the environment. `redis()` and `adoptRedis` call it
 * while they are built. A value that is no such client is added to the caller's list of issues; the
 * result of a function is validated when a connection is needed, where `ERR_CONFIG` is thrown.
 * Facts about at most 16 databases are remembered; with more, all are forgotten.
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

/** The most databases whose traits are remembered. */
const maxTraits = 16

/** Creates the source of connections. Problems are added to `issues`. */
export function createUpstashSource(
  client: FromEnv<UpstashClient> | undefined,
  issues: Issues,
): ConnectionSource {
  const read = resolveFrom(issues, 'client', client, readRequester)
  // A function creates a new client for each request, so the traits of a database must outlive the
  // clients.
  const traits = new Map<unknown, RedisTraits>()

  function findTraits(identity: unknown): RedisTraits {
    let databaseTraits = traits.get(identity)
    if (databaseTraits === undefined) {
      databaseTraits = createTraits()
      if (traits.size >= maxTraits) traits.clear()
      traits.set(identity, databaseTraits)
    }

    return databaseTraits
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
