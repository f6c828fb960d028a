/**
 * Creates connections to Redis over Upstash's REST API, from a URL and a token. `redis()` calls it
 * while it is built. Wrong options are added to the caller's list of issues. Values of the
 * environment are validated when a connection is needed, where `ERR_CONFIG` is thrown. At most 16
 * pairs of URL and token are remembered; with more, all are forgotten, and with them what was known
 * about these servers, such as an open breaker.
 */
import { type Issues, resolveFrom } from '../../options/index.ts'
import type { FromEnv } from '../../types.ts'
import { type ConnectionSource, openConnection, type RedisConnection } from '../connection.ts'
import { parseRedisToken, parseRedisUrl } from './endpoint.ts'
import { type Fetch, sendCommands } from './send.ts'
import { checkEach } from './source-check.ts'

/**
 * The most pairs of URL and token that are remembered. Usually there is one, and two while a token
 * is rotated.
 */
const maxConnections = 16

/** The settings of a client over a REST API. */
export interface HttpSourceOptions {
  readonly url: FromEnv<string> | undefined
  readonly token: FromEnv<string> | undefined
  readonly insecure: boolean
  readonly fetch: Fetch | undefined
}

/** Creates the source of connections. Problems are added to `issues`. */
export function createHttpSource(
  { url, token, insecure, fetch }: HttpSourceOptions,
  issues: Issues,
): ConnectionSource {
  const readUrl = resolveFrom(issues, 'url', url, (value: string, urlIssues) =>
    parseRedisUrl(value, insecure, urlIssues),
  )
  const readToken = resolveFrom(issues, 'token', token, (value: string, tokenIssues) =>
    parseRedisToken(value, tokenIssues),
  )
  const connections = new Map<string, RedisConnection>()
  let last: { url: string; token: string; connection: RedisConnection } | undefined

  function connect(env: unknown): RedisConnection {
    const endpoint = { url: readUrl(env), token: readToken(env) }
    if (last?.url === endpoint.url && last.token === endpoint.token) return last.connection

    const name = `${endpoint.url} ${endpoint.token}` // neither contains a space
    let connection = connections.get(name)
    if (connection === undefined) {
      connection = openConnection((commands, deadline) =>
        sendCommands(commands, { ...endpoint, fetch }, deadline),
      )
      if (connections.size >= maxConnections) connections.clear()
      connections.set(name, connection)
    }

    last = { ...endpoint, connection }
    return connection
  }

  return { connect, check: (env) => checkEach([readUrl, readToken], env) }
}
