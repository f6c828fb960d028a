/**
 * Entry point `portcullis/store/upstash`: stores sessions and revocations in Redis, over HTTP or a socket.
 * Applications (such as `worker/gateway.config.ts`) pass `upstashStore()` to `storedSessions`, which
 * calls its verbs; each verb sends one script (`upstash/requests.ts`) and parses its reply
 * (`replies.ts`). `list` sends two, and `create` and `rotate` send up to four where the list of a
 * user's sessions is full, to drop those that have expired.
 *
 * Wrong options throw `ERR_CONFIG`. Verbs reject with `ERR_STORE_UNAVAILABLE` where Redis does not answer,
 * `ERR_STORE_REFUSED` where it answers an error or an unknown reply, and `ERR_STORE_TOO_LARGE` for a
 * record over `maxBytes`. A Redis that evicts keys signs users out.
 */
import { checkKeys, createIssues } from '../options/index.ts'
import { adoptRedis, type RedisSource } from '../redis/adopt.ts'
import type { Redis } from '../redis/client.ts'
import { sharedAsk } from '../redis/shared.ts'
import type { ProjectEnv } from '../types.ts'
import type { AtomicStore, Found, Gone, ReadAt, Ref, Row, WaitingRead } from './contract.ts'
import {
  isFull,
  parseCountReply,
  parseCreateReply,
  parseReadReply,
  parseReplaceReply,
  parseRotateReply,
  parseRowsReply,
  toTexts,
} from './replies.ts'
import { validateBounds } from './size.ts'
import { validatePrefix } from './upstash/prefix.ts'
import { createStoreRequests, type ScriptCall, type StoreRequests } from './upstash/requests.ts'

/** Options of {@link upstashStore}. */
export interface UpstashStoreOptions<E = ProjectEnv> {
  /**
   * The client: `redis({ url, token })` of `portcullis/redis`, one of `@upstash/redis`, or a function that creates the
   * latter. Pass the same client to limiters, so that they share requests.
   */
  readonly redis: RedisSource<E>
  /**
   * The prefix of every key. Default `portcullis:`; at most 64 printable characters. Use another one for each
   * environment.
   */
  readonly prefix?: string
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /**
   * Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is
   * sent.
   */
  readonly maxBytes?: number
}

/** The store, with its read in two halves, so that other commands can be sent in the same request. */
export interface UpstashStore extends AtomicStore {
  /** The client. A batch of this client can carry {@link readRequest}. */
  readonly redis: Redis
  /** Creates the call that reads a session. */
  readRequest(ref: Ref, at: ReadAt): ScriptCall
  /**
   * Parses the reply to {@link readRequest}.
   *
   * @throws {PortcullisError} `ERR_STORE_REFUSED` for a reply of another form
   */
  readReply(reply: unknown): Found | Gone
}

/**
 * Creates an atomic store in Redis, which sees only digests and encrypted text. Each verb is one script and one HTTP
 * request (`list` needs two). Redis must be a single primary with `noeviction`. After a failover to a replica that lags
 * behind, the last writes may be lost.
 *
 * Verbs reject with `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`; `create`, `replace` and `rotate` also with
 * `ERR_STORE_TOO_LARGE`.
 *
 * @example
 * ```ts
 * const sessions = storedSessions({ secret, store: upstashStore({ redis: redis.fromEnv() }) })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function upstashStore<E = ProjectEnv>(options: UpstashStoreOptions<E>): UpstashStore {
  const issues = createIssues()
  checkKeys(issues, options, ['redis', 'prefix', 'maxPerUser', 'maxBytes'])
  const input: Partial<UpstashStoreOptions<E>> = options ?? {}
  const redis = adoptRedis(input.redis, issues)
  const prefix = validatePrefix(input.prefix, issues)
  const bounds = validateBounds(input, issues)
  issues.throwIfAny()

  const requests = createStoreRequests(prefix, bounds)
  const send: Send = (env, { script, keys, args }) => redis.call(env, script, keys, args)

  return {
    redis,
    readRequest: requests.read,
    readReply: parseReadReply,
    check: (env) => redis.check(env),
    async create(row, { env }) {
      const request = (tidied: boolean): ScriptCall => requests.create(row, tidied)
      return parseCreateReply(await keepRow({ send, requests, row, env }, request))
    },
    async read(ref, at, { env }) {
      return parseReadReply(await send(env, requests.read(ref, at)))
    },
    readSoon(ref, at, { env }): WaitingRead | undefined {
      const ask = sharedAsk(env, redis)
      if (ask === undefined) return undefined

      const { script, keys, args } = requests.read(ref, at)
      return { found: ask.call(script, keys, args).then(parseReadReply), send: () => ask.send() }
    },
    async replace(row, ifVersion, { env }) {
      return parseReplaceReply(await send(env, requests.replace(row, ifVersion)))
    },
    async rotate(old, next, options, { env }) {
      const request = (tidied: boolean): ScriptCall => requests.rotate(old, next, options, tidied)
      return parseRotateReply(await keepRow({ send, requests, row: next, env }, request))
    },
    async readReplaced(ref, { env }) {
      const reply = await send(env, requests.readReplaced(ref))
      const answer = parseReadReply(reply)
      if (answer.is !== 'found') return undefined

      const list = toTexts(reply)[5] ?? ''
      return list === '' ? answer : { ...answer, by: requests.parseIndex(list) }
    },
    async end(ref, grace, { env }, write) {
      return parseCountReply(await send(env, requests.end(ref, grace, write))) === 1
    },
    async endMarked(mark, options, { env }) {
      return parseCountReply(await send(env, requests.endMarked(mark, options))) === 1
    },
    async list(index, { env }) {
      const members = toTexts(await send(env, requests.members(index)))
      if (members.length === 0) return []

      return parseRowsReply(await send(env, requests.rows(index, members)))
    },
    async endAll(index, keep, { env }, write) {
      return parseCountReply(await send(env, requests.endAll(index, keep, write)))
    },
  }
}

type Send = (env: unknown, call: ScriptCall) => Promise<unknown>

/** A new row to store, and the functions that send it. */
interface NewRow {
  readonly send: Send
  readonly requests: StoreRequests
  readonly row: Row
  readonly env: unknown
}

/**
 * Sends the request that stores a new row. If the user's list is full, it first delists sessions whose row has expired,
 * which Redis can only find out by reading each row, and sends the request again.
 */
async function keepRow(
  { send, requests, row, env }: NewRow,
  request: (tidied: boolean) => ScriptCall,
): Promise<unknown> {
  const reply = await send(env, request(false))
  if (row.index === undefined || !isFull(reply)) return reply

  const members = toTexts(await send(env, requests.members(row.index)))
  await send(env, requests.tidy(row.index, row, members))
  return send(env, request(true))
}

export type { ScriptCall } from './upstash/requests.ts'
export { type UpstashRevocationsOptions, upstashRevocations } from './upstash/revocations.ts'
