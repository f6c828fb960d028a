/**
 * Stores revocations of stateless sessions in Redis: each method is one script and one request.
 * Applications pass `upstashRevocations()` to `revocable`; `session/stateless` calls the methods.
 *
 * Wrong options throw `ERR_CONFIG`. Methods reject with `ERR_STORE_UNAVAILABLE` where Redis does not answer and
 * `ERR_STORE_REFUSED` where it answers an error or an unknown reply, and the session's request fails with
 * that error. A Redis that evicts keys may make ended sessions valid again.
 */
import { checkKeys, createIssues } from '../../options/index.ts'
import { adoptRedis, type RedisSource } from '../../redis/adopt.ts'
import { markUrgent, type Script, script } from '../../redis/script.ts'
import type { ProjectEnv } from '../../types.ts'
import { parseCountReply } from '../replies.ts'
import type { RevocationStore } from '../revocations.ts'
import { endMarkedScript } from './mark-scripts.ts'
import { validatePrefix } from './prefix.ts'

/** Options of {@link upstashRevocations}. */
export interface UpstashRevocationsOptions<E = ProjectEnv> {
  /** The client: `redis({ url, token })` of `portcullis/redis`, or one of `@upstash/redis`. */
  readonly redis: RedisSource<E>
  /** The prefix of every key. Default `portcullis:`; at most 64 printable characters. */
  readonly prefix?: string
}

// Checks a session. KEYS: the revoked id [, the user's generation] [, the mark]. ARGV: the session's generation [, the
// position of the mark among KEYS].
const checkScript: Script = script(
  'revocation-check',
  `if redis.call('EXISTS', KEYS[1]) == 1 then return {'0'} end
local mark = ARGV[2] and KEYS[tonumber(ARGV[2])]
if mark and redis.call('EXISTS', mark) == 1 then return {'0'} end
if KEYS[2] and KEYS[2] ~= mark and (redis.call('GET', KEYS[2]) or '0') ~= ARGV[1] then return {'0'} end
return {'1'}`,
)
// Revokes an id. KEYS: the revoked id. ARGV: its life in ms. Repeating it changes nothing.
const revokeScript: Script = markUrgent(
  script(
    'revocation-revoke',
    `redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])
return {'1'}`,
  ),
)
// Reads a generation. KEYS: the generation. ARGV: its life in ms, which is extended if it is shorter.
const generationScript: Script = script(
  'revocation-generation',
  `local now = redis.call('GET', KEYS[1])
if not now then return {'0'} end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {now}`,
)
// Advances a generation. KEYS: the generation. ARGV: its life in ms. Repeating it advances twice, which is harmless.
const advanceScript: Script = markUrgent(
  script(
    'revocation-advance',
    `local now = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return {string.format('%.0f', now)}`,
  ),
)

/**
 * Creates a store of revocations in Redis, under `<prefix>rev:<digest>`, `<prefix>gen:<digest>`, `<prefix>o:<mark>` and
 * `<prefix>j:<message>`, each with a TTL.
 *
 * @example
 * ```ts
 * const store = upstashRevocations({ redis: redis.fromEnv() })
 * const sessions = statelessSessions({ secret, revocation: revocable({ store }) })
 * ```
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function upstashRevocations<E = ProjectEnv>(
  options: UpstashRevocationsOptions<E>,
): RevocationStore {
  const issues = createIssues()
  checkKeys(issues, options, ['redis', 'prefix'])
  const redis = adoptRedis(options?.redis, issues)
  const prefix = validatePrefix(options?.prefix, issues)
  issues.throwIfAny()
  const idKey = (id: string): string => `${prefix}rev:${id}`
  const userKey = (user: string): string => `${prefix}gen:${user}`
  const markKey = (mark: string): string => `${prefix}o:${mark}`
  const whole = (life: number): string => `${Math.max(1, Math.ceil(life))}`
  return {
    async check({ id, user, generation, mark }, { env }) {
      const keys = user === undefined ? [idKey(id)] : [idKey(id), userKey(user)]
      const args = [`${generation}`]
      if (mark !== undefined) args.push(`${keys.push(markKey(mark))}`)
      return parseCountReply(await redis.call(env, checkScript, keys, args)) === 1
    },
    async revoke(id, life, { env }) {
      if (life > 0) parseCountReply(await redis.call(env, revokeScript, [idKey(id)], [whole(life)]))
    },
    async generation(user, life, { env }) {
      return parseCountReply(
        await redis.call(env, generationScript, [userKey(user)], [whole(life)]),
      )
    },
    async advance(user, life, { env }) {
      return parseCountReply(await redis.call(env, advanceScript, [userKey(user)], [whole(life)]))
    },
    async endMarked(mark, { life, once, write = crypto.randomUUID() }, { env }) {
      const keys = once === undefined ? [markKey(mark)] : [markKey(mark), `${prefix}j:${once.id}`]
      const args = once === undefined ? [whole(life)] : [whole(life), whole(once.life), write]
      return parseCountReply(await redis.call(env, endMarkedScript, keys, args)) === 1
    },
  }
}
