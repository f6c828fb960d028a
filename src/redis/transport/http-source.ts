/**
 * Creates connections to Redis over Upstash's REST API, by address and token. `redis.ts` calls it
 * while building. Wrong options are reported as issues.
 */
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import { type ConnectionSource, openConnection, type RedisConnection } from '../connection.ts'
import { parseRedisToken, parseRedisUrl } from './endpoint.ts'
import { type Fetch, sendCommands } from './send.ts'
import { checkEach } from './source-check.ts'

/** Addresses and tokens at a time: one, and two while they are rotated. */
const maxConnections = 16

/** The settings of a REST API. */
export interface HttpSourceOptions {
  readonly url: FromEnv<string> | undefined
  readonly token: FromEnv<string> | undefined
  readonly insecure: boolean
  readonly fetch: Fetch | undefined
}

/** Makes the source of connections; faults go into `issues`. */
export function createHttpSource(
  { url, token, insecure, fetch }: HttpSourceOptions,
  issues: Issues,
): ConnectionSource {
  const readUrl = resolveFrom(issues, 'url', url, (value: string, at) =>
    parseRedisUrl(value, insecure, at),
  )
  const readToken = resolveFrom(issues, 'token', token, (value: string, at) =>
    parseRedisToken(value, at),
  )
  const connections = new Map<string, RedisConnection>()
  let last: { url: string; token: string; connection: RedisConnection } | undefined

  function connect(env: unknown): RedisConnection {
    const place = { url: readUrl(env), token: readToken(env) }
    if (last?.url === place.url && last.token === place.token) return last.connection

    const name = `${place.url} ${place.token}` // neither holds a space
    const connection =
      connections.get(name) ??
      openConnection((commands, deadline) => sendCommands(commands, { ...place, fetch }, deadline))
    if (connections.size >= maxConnections) connections.clear()
    connections.set(name, connection)
    last = { ...place, connection }
    return connection
  }

  return { connect, check: (env) => checkEach([readUrl, readToken], env) }
}
