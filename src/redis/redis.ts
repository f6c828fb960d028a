/** One client for everything that asks Redis: options judged, links kept by address and token. */
import {
  booleanOption,
  checkKeys,
  createIssues,
  optionalFunction,
  optionalListener,
  resolveFrom,
  wholeNumber,
} from '../options/index.ts'
import type { Emit, FromEnv } from '../types.ts'
import { createBatch, type RedisBatch } from './batch.ts'
import { openConnection, type RedisConnection } from './connection.ts'
import { parseRedisToken, parseRedisUrl } from './endpoint.ts'
import { createForeignScripts } from './facade.ts'
import type { Script } from './script.ts'
import type { Fetch } from './send.ts'
import { sharedAsk } from './shared.ts'

/** Where Redis is, and how long to wait for it. */
export interface RedisOptions {
  /** Address of the REST API: `UPSTASH_REDIS_REST_URL`. https, or http to this machine. */
  readonly url: FromEnv<string>
  /** Its token: `UPSTASH_REDIS_REST_TOKEN`. Not the read-only one. */
  readonly token: FromEnv<string>
  /**
   * Milliseconds for everything that one {@link Ask} sends at a time, a retry and a resent script included. Default 1000:
   * a Redis that is slower than this is one that is down, and somebody waits. At most 30,000.
   */
  readonly timeoutMs?: number
  /** Allows plain http to other machines. Default false: whoever listens gets the token and everything behind it. */
  readonly insecurePlainHttp?: boolean
  /** Another fetch, of a service binding or a test. It must heed `signal`. Default: the global one. */
  readonly fetch?: Fetch
  /**
   * Hears of `store-unavailable` and `store-refused`, each with a reason, and once of `store-script-flag-refused`. Names
   * scripts; holds no key, argument, address or token.
   */
  readonly onEvent?: Emit
}

/** A Redis over HTTP, to be given to every store and limiter that uses it: only then do they share requests. */
export interface Redis {
  /** The questions of one web request: make one for each, and never keep it. `env` is what `url` and `token` find. */
  ask(env: unknown): RedisBatch
  /**
   * One script call in an HTTP request of its own; with an `env` of `shareAsks`, in one with all that waits there.
   *
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE`: no answer within `timeoutMs`, or none from Redis.
   *   `ERR_STORE_REFUSED`: a wrong token, or an error of the script. `ERR_CONFIG`: `url` or `token` is not set.
   */
  call(
    env: unknown,
    script: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>
  /**
   * Judges what `env` holds, and asks nobody.
   *
   * @throws {ConfigError} `ERR_CONFIG`, naming both where both are wrong
   */
  check(env: unknown): void
}

const keys: ReadonlyArray<keyof RedisOptions> = [
  'url',
  'token',
  'timeoutMs',
  'insecurePlainHttp',
  'fetch',
  'onEvent',
]
/** Addresses and tokens at a time: one, and two while they are rotated. */
const maxConnections = 16

/**
 * Makes the client. Nothing is sent, and on Workers it may stand at module scope.
 *
 * A network fault is tried once more within the time budget, so that a script may run twice: scripts that must not count
 * twice carry an id of the write. Answers with an error status are never tried again.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function redis(options: RedisOptions): Redis {
  const list = createIssues('redis')
  checkKeys(list, options, keys)
  const given = { ...options }
  const insecure = booleanOption(list, 'insecurePlainHttp', given.insecurePlainHttp, false)
  const bounds = { min: 10, max: 30_000, unit: 'milliseconds' }
  const timeoutMs = wholeNumber(list, 'timeoutMs', given.timeoutMs, 1000, bounds)
  const fetch = optionalFunction(list, 'fetch', given.fetch)
  const emit = optionalListener(list, 'onEvent', given.onEvent) ?? (() => {})
  const urlOf = resolveFrom(list, 'url', given.url, (url: string, at) =>
    parseRedisUrl(url, insecure, at),
  )
  const tokenOf = resolveFrom(list, 'token', given.token, (token: string, at) =>
    parseRedisToken(token, at),
  )
  list.throwIfAny()

  const settings = { timeoutMs, foreign: createForeignScripts(), emit }
  const links = new Map<string, RedisConnection>()
  let last: { url: string; token: string; link: RedisConnection } | undefined

  function connect(env: unknown): RedisConnection {
    const [url, token] = [urlOf(env), tokenOf(env)]
    if (last?.url === url && last.token === token) return last.link
    const name = `${url} ${token}` // neither holds a space
    const found = links.get(name) ?? openConnection({ url, token, fetch })
    if (links.size >= maxConnections) links.clear()
    links.set(name, found)
    last = { url, token, link: found }
    return found
  }

  const batch = (env: unknown): RedisBatch => createBatch(() => connect(env), settings)
  const client: Redis = {
    ask: batch,
    call(env, script, keys, args): Promise<unknown> {
      const one = sharedAsk(env, client) ?? batch(env)
      const reply = one.call(script, keys, args)
      return one.send().then(() => reply)
    },
    check(env): void {
      const late = createIssues()
      for (const resolve of [urlOf, tokenOf]) {
        try {
          resolve(env)
        } catch (error) {
          late.collect(error)
        }
      }
      late.throwIfAny()
    },
  }
  return client
}
