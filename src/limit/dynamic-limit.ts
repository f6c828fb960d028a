/**
 * Reads and changes the limit that `@upstash/ratelimit` uses for all keys of a prefix, for the
 * option `dynamicLimit`. `setLimit` and `getLimit` of `upstashLimiter()` send the script and read
 * its reply. A reply that is not a number of at most 15 digits throws `ERR_STORE_REFUSED`. The
 * stored limit has no expiry: it stays until `setLimit` changes or removes it.
 */
import { createRejectedError } from '../redis/failure.ts'
import { type Script, script } from '../redis/script.ts'

/**
 * Reads the limit if there is no argument, removes it for the argument `0`, and otherwise sets it.
 * The key never expires, because it is a setting.
 */
export const dynamicLimitScript: Script = script(
  'limit-dynamic',
  [
    "if #ARGV == 0 then return redis.call('GET', KEYS[1]) or '0' end",
    "if ARGV[1] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1]) end",
    'return ARGV[1]',
  ].join('\n'),
)

/**
 * Reads the limit from a reply. Returns undefined where none is set.
 *
 * @throws {PortcullisError} `ERR_STORE_REFUSED` for any other reply
 */
export function readDynamicLimit(reply: unknown): number | undefined {
  if (typeof reply !== 'string' || !/^\d{1,15}$/.test(reply))
    throw createRejectedError('strange-answer', 'limit-dynamic')
  return reply === '0' ? undefined : Number(reply)
}
