/**
 * Stores tokens in Redis: one hash for each session, and one Lua script for each method of the contract.
 * Applications pass `redisTokens()` as the option `tokens` of a login; `keep.ts` calls the methods.
 *
 * Each method rejects with `ERR_STORE_UNAVAILABLE` where Redis does not answer, and with
 * `ERR_STORE_REFUSED` where Redis rejects the command. Rows expire with their session; a Redis that
 * evicts keys loses tokens, and their users must sign in again.
 */
import { type Redis, type Script, script } from '../../redis/index.ts'
import type { TakenTokens, TokenOption, TokenRows } from './contract.ts'
import { keepTokens } from './keep.ts'

// Fields of the hash: d sealed tokens, e time to refresh them, w time of their issue, l holder of the lease, u end of
// the lease, b end of a pause of refreshes. Times are milliseconds as text, because Lua prints numbers with 14 digits
// only.

/** KEYS row. ARGV sealed, refreshAt, refreshedAt, life. */
const putScript = /* @__PURE__ */ script(
  'login-tokens-put',
  `redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'd', ARGV[1], 'e', ARGV[2], 'w', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'ok'}`,
)

/** KEYS row. ARGV now, holder, end of the lease, since or an empty text. */
const takeScript = /* @__PURE__ */ script(
  'login-tokens-take',
  `local row = redis.call('HMGET', KEYS[1], 'd', 'e', 'w', 'l', 'u', 'b')
if not row[1] then return {'gone'} end
local now = tonumber(ARGV[1])
if ARGV[4] == '' then
  if tonumber(row[2]) > now then return {'fresh', row[1]} end
elseif tonumber(row[3]) > tonumber(ARGV[4]) then
  return {'fresh', row[1]}
end
if row[4] and row[4] ~= ARGV[2] and tonumber(row[5]) > now then return {'busy', row[1]} end
if row[6] and tonumber(row[6]) > now then return {'paused', row[1]} end
redis.call('HSET', KEYS[1], 'l', ARGV[2], 'u', ARGV[3])
return {'lease', row[1]}`,
)

/** KEYS row. ARGV holder, sealed, refreshAt, refreshedAt, pausedUntil or 0, 1 to keep the lease. */
const replaceScript = /* @__PURE__ */ script(
  'login-tokens-replace',
  `if redis.call('HGET', KEYS[1], 'l') ~= ARGV[1] then
  if redis.call('HGET', KEYS[1], 'd') == ARGV[2] then return {'ok'} end
  return {'lost'}
end
redis.call('HSET', KEYS[1], 'd', ARGV[2], 'e', ARGV[3], 'w', ARGV[4], 'b', ARGV[5])
if ARGV[6] ~= '1' then redis.call('HDEL', KEYS[1], 'l', 'u') end
return {'ok'}`,
)

/** KEYS row. ARGV holder, pausedUntil. */
const releaseScript = /* @__PURE__ */ script(
  'login-tokens-release',
  `if redis.call('HGET', KEYS[1], 'l') ~= ARGV[1] then return {'lost'} end
redis.call('HDEL', KEYS[1], 'l', 'u')
redis.call('HSET', KEYS[1], 'b', ARGV[2])
return {'ok'}`,
)

/** KEYS row. ARGV holder or an empty text. */
const dropScript = /* @__PURE__ */ script(
  'login-tokens-drop',
  `if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'l') ~= ARGV[1] then return {'lost'} end
local sealed = redis.call('HGET', KEYS[1], 'd')
redis.call('DEL', KEYS[1])
return {'ok', sealed or ''}`,
)

/** Options of {@link redisTokens}. */
export interface RedisTokensOptions {
  /** A Redis client, such as the one of the session store. */
  readonly redis: Redis
  /** The prefix of all keys. Default `portcullis:t:`. */
  readonly prefix?: string
}

/**
 * Stores the tokens of sessions in Redis, for the option `tokens` of `login()`. All isolates share the row of a
 * session, so each refresh token is used exactly once.
 *
 * @example
 * login({ tokens: redisTokens({ redis: client }), session, providers })
 */
export function redisTokens({ redis, prefix = 'portcullis:t:' }: RedisTokensOptions): TokenOption {
  async function call(
    scriptToRun: Script,
    key: string,
    env: unknown,
    args: readonly (string | number)[],
  ): Promise<readonly string[]> {
    const reply = await redis.call(env, scriptToRun, [prefix + key], args.map(String))
    return reply as string[]
  }

  const rows: TokenRows = {
    async put(key, { sealed, refreshAt, refreshedAt, life }, env) {
      await call(putScript, key, env, [sealed, refreshAt, refreshedAt, life])
    },
    async take(key, { now, holder, lease, since }, env) {
      const args = [now, holder, now + lease, since ?? '']
      const [status, sealed] = await call(takeScript, key, env, args)
      return (sealed === undefined ? { status: 'gone' } : { status, sealed }) as TakenTokens
    },
    async replace(key, row, env) {
      const { holder, sealed, refreshAt, refreshedAt, pausedUntil = 0, keepsLease } = row
      const args = [holder, sealed, refreshAt, refreshedAt, pausedUntil, keepsLease ? 1 : 0]
      return (await call(replaceScript, key, env, args))[0] === 'ok'
    },
    async release(key, holder, pausedUntil, env) {
      await call(releaseScript, key, env, [holder, pausedUntil])
    },
    async drop(key, holder, env) {
      const [status, sealed] = await call(dropScript, key, env, [holder ?? ''])
      return status === 'ok' ? sealed : undefined
    },
  }
  return keepTokens(rows)
}
