/** Keeps sessions in Redis, however it is reached. */
import { checkKeys, createIssues } from '../options/index.ts'
import { adoptRedis, type RedisSource } from '../redis/adopt.ts'
import type { Redis } from '../redis/client.ts'
import type { Script } from '../redis/script.ts'
import { sharedAsk } from '../redis/shared.ts'
import type { ProjectEnv } from '../types.ts'
import type {
  AtomicStore,
  Found,
  Gone,
  ReadAt,
  Ref,
  RotateOptions,
  Row,
  WaitingRead,
} from './contract.ts'
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
import { validateBounds, validateSize } from './size.ts'
import { endAllScript, membersScript, rowsScript, tidyScript } from './upstash/list-scripts.ts'
import { endMarkedScript } from './upstash/mark-scripts.ts'
import { validatePrefix } from './upstash/prefix.ts'
import {
  createScript,
  endScript,
  readScript,
  replacedScript,
  replaceScript,
  rotateScript,
} from './upstash/scripts.ts'

/** Options of {@link upstashStore}. */
export interface UpstashStoreOptions<E = ProjectEnv> {
  /**
   * The client: `redis({ url, token })` of `portcullis/redis`, one of `@upstash/redis`, or a function that makes the
   * latter. The same for limiters, so that they share requests.
   */
  readonly redis: RedisSource<E>
  /** What every key begins with. Default `portcullis:`; at most 64 printable characters. Another one for each stage. */
  readonly prefix?: string
  /** Sessions one user may have. Default 100, at most 1,000; the oldest go first. */
  readonly maxPerUser?: number
  /** Bytes a record may have. Default 32,768, at most 1,000,000. A longer one is `ERR_STORE_TOO_LARGE`, before it is sent. */
  readonly maxBytes?: number
}

/** One script call, ready to be sent, alone or among others. */
export interface ScriptCall {
  /** What Redis runs. */
  readonly script: Script
  /** Every key it touches. */
  readonly keys: readonly string[]
  /** Its arguments, in the order the script reads them. */
  readonly args: readonly string[]
}

/** The store, and its read in two halves: what others ask can go in the same request. */
export interface UpstashStore extends AtomicStore {
  /** The client: an `Ask` of this one may carry {@link readRequest}. */
  readonly redis: Redis
  /** What to ask in order to read a session. */
  readRequest(ref: Ref, at: ReadAt): ScriptCall
  /** What the answer to it means. @throws {PortcullisError} `ERR_STORE_REFUSED` for what is no such answer */
  readReply(reply: unknown): Found | Gone
}

/**
 * Makes a store in Redis. Each verb is one script and one HTTP request (`list` is two), done at once or not at all. Redis
 * must be a single primary with `noeviction`; it sees digests and sealed text and no more. After a failover to a replica
 * that lags, what was acknowledged last may be undone.
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
  const given: Partial<UpstashStoreOptions<E>> = options ?? {}
  const redis = adoptRedis(given.redis, issues)
  const prefix = validatePrefix(given.prefix, issues)
  const { maxPerUser, maxBytes } = validateBounds(given, issues)
  issues.throwIfAny()

  const rowKey = (key: string): string => `${prefix}s:${key}`
  const indexKey = (index: string): string => `${prefix}u:${index}`
  const writeKey = ({ key, write }: Row): string => `${prefix}w:${key}:${write}`
  const markKey = (mark: string): string => `${prefix}o:${mark}`
  const onceKey = (id: string): string => `${prefix}j:${id}`
  const listIndexKeys = ({ index }: Ref): string[] => (index === undefined ? [] : [indexKey(index)])
  const rowKeys = (ref: Ref): string[] => [rowKey(ref.key), ...listIndexKeys(ref)]
  const listWriteKeys = (row: Row): string[] => [
    rowKey(row.key),
    writeKey(row),
    ...listIndexKeys(row),
  ]
  const callScript = (env: unknown, { script, keys, args }: ScriptCall): Promise<unknown> =>
    redis.call(env, script, keys, args)

  /** Puts the key of the mark last, and its place behind the arguments. */
  function withMark({ mark }: Ref, call: ScriptCall): ScriptCall {
    if (mark === undefined) return call
    const keys = [...call.keys, markKey(mark)]
    return { script: call.script, keys, args: [...call.args, `${keys.length}`] }
  }

  function readRequest(ref: Ref, { now, idle, slice }: ReadAt): ScriptCall {
    const args = [ref.key, `${now}`, `${idle}`, `${slice}`]
    return withMark(ref, { script: readScript, keys: rowKeys(ref), args })
  }

  /** What a new row needs; its size is judged before anything is sent. */
  function newRow({ key, now, idle, end, record }: Row, tidied: boolean): string[] {
    validateSize(record, maxBytes)
    return [key, `${now}`, `${idle}`, `${end}`, record, tidied ? '1' : '0', `${maxPerUser}`]
  }

  function rotateRequest(
    old: Ref,
    next: Row,
    { grace, ifVersion }: RotateOptions,
    tidied: boolean,
  ): ScriptCall {
    const indexes = [...new Set([old.index, next.index])].filter((index) => index !== undefined)
    const at = (index: string | undefined): string =>
      index === undefined ? '0' : `${4 + indexes.indexOf(index)}`
    const [, ...row] = newRow(next, tidied)
    const args = [old.key, ...row, next.key, `${grace}`, at(old.index), at(next.index)]
    return {
      script: rotateScript,
      keys: [rowKey(old.key), rowKey(next.key), writeKey(next), ...indexes.map(indexKey)],
      args: ifVersion === undefined ? args : [...args, ifVersion],
    }
  }

  /**
   * Keeps a new row. Where its user has as many sessions as allowed, those that idled out are delisted first: Redis forgot
   * their rows, but only who asks for each of them learns that.
   */
  async function keep(
    row: Row,
    env: unknown,
    request: (tidied: boolean) => ScriptCall,
  ): Promise<unknown> {
    const reply = await callScript(env, request(false))
    if (row.index === undefined || !isFull(reply)) return reply

    const list = indexKey(row.index)
    const members = toTexts(
      await callScript(env, { script: membersScript, keys: [list], args: [] }),
    )
    const args = [`${row.now}`, `${row.idle}`, ...members]
    await callScript(env, { script: tidyScript, keys: [list, ...members.map(rowKey)], args })
    return callScript(env, request(true))
  }

  return {
    redis,
    readRequest,
    readReply: parseReadReply,
    check: (env) => redis.check(env),
    async create(row, { env }) {
      const request = (tidied: boolean): ScriptCall => {
        return { script: createScript, keys: listWriteKeys(row), args: newRow(row, tidied) }
      }
      return parseCreateReply(await keep(row, env, request))
    },
    async read(ref, at, { env }) {
      return parseReadReply(await callScript(env, readRequest(ref, at)))
    },
    readSoon(ref, at, { env }): WaitingRead | undefined {
      const ask = sharedAsk(env, redis)
      if (ask === undefined) return undefined
      const { script, keys, args } = readRequest(ref, at)
      return { found: ask.call(script, keys, args).then(parseReadReply), send: () => ask.send() }
    },
    async replace(row, ifVersion, { env }) {
      const { key, now, idle, record } = row
      validateSize(record, maxBytes)
      const args = [key, `${now}`, `${idle}`, ifVersion, record]
      const request = withMark(row, { script: replaceScript, keys: listWriteKeys(row), args })
      return parseReplaceReply(await callScript(env, request))
    },
    async rotate(old, next, options, { env }) {
      return parseRotateReply(
        await keep(next, env, (tidied) => rotateRequest(old, next, options, tidied)),
      )
    },
    async readReplaced({ key }, { env }) {
      const reply = await callScript(env, { script: replacedScript, keys: [rowKey(key)], args: [] })
      const answer = parseReadReply(reply)
      if (answer.is !== 'found') return undefined

      const list = toTexts(reply)[5] ?? ''
      return list === '' ? answer : { ...answer, by: list.slice(indexKey('').length) }
    },
    async end(ref, grace, { env }) {
      return (
        parseCountReply(
          await callScript(env, {
            script: endScript,
            keys: rowKeys(ref),
            args: [ref.key, `${grace}`],
          }),
        ) === 1
      )
    },
    async endMarked(mark, { life, once }, { env }) {
      const keys = once === undefined ? [markKey(mark)] : [markKey(mark), onceKey(once.id)]
      const args = once === undefined ? [`${life}`] : [`${life}`, `${once.life}`]
      return parseCountReply(await callScript(env, { script: endMarkedScript, keys, args })) === 1
    },
    async list(index, { env }) {
      const list = indexKey(index)
      const members = toTexts(
        await callScript(env, { script: membersScript, keys: [list], args: [] }),
      )
      if (members.length === 0) return []
      return parseRowsReply(
        await callScript(env, {
          script: rowsScript,
          keys: [list, ...members.map(rowKey)],
          args: members,
        }),
      )
    },
    async endAll(index, keep, { env }) {
      const args = keep === undefined ? [] : [keep.key]
      return parseCountReply(
        await callScript(env, { script: endAllScript, keys: [indexKey(index)], args }),
      )
    },
  }
}

export { type UpstashRevocationsOptions, upstashRevocations } from './upstash/revocations.ts'
