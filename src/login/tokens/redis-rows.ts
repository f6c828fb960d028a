/**
 * Keeps tokens in Redis: one hash for each session, one script for each verb. Applications pass it
 * as the option `tokens` of a login. Its verbs reject with `ERR_STORE_UNAVAILABLE` or
 * `ERR_STORE_REFUSED`.
 */
import { type Redis, type Script, script } from '../../redis/index.ts'
import type { TakenTokens, TokenOption, TokenRows } from './contract.ts'
import { keepTokens } from './keep.ts'

// Fields: d sealed tokens, e when to refresh, w when they were issued, l holder of the lease, u its end,
// b until when nobody may refresh. Milliseconds come as text: Lua prints numbers with 14 digits.

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
  /** The client of the session store, or another. */
  readonly redis: Redis
  /** Default `portcullis:t:`. */
  readonly prefix?: string
}

/**
 * Keeps the tokens of sessions in Redis, for the option `tokens` of `login()`. Isolates in every place
 * share one row, so a refresh token is used exactly once.
 *
 * @example
 * login({ tokens: redisTokens({ redis: client }), session, providers })
 */
export function redisTokens({ redis, prefix = 'portcullis:t:' }: RedisTokensOptions): TokenOption {
  async function call(
    which: Script,
    key: string,
    env: unknown,
    args: readonly (string | number)[],
  ): Promise<readonly string[]> {
    const reply = await redis.call(env, which, [prefix + key], args.map(String))
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
