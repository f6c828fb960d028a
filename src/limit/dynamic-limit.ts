/**
 * Reads and changes the limit that `@upstash/ratelimit` looks up for every key of a prefix.
 * `upstash.ts` sends the script for `setLimit` and `getLimit`. A reply that is no limit throws
 * `ERR_STORE_REFUSED`.
 */
import { createRejectedError } from '../redis/failure.ts'
import { type Script, script } from '../redis/script.ts'

/** Without an argument it reads; `0` takes the limit back; else it sets one. This key alone has no end: it is a setting. */
export const dynamicLimitScript: Script = script(
  'limit-dynamic',
  [
    "if #ARGV == 0 then return redis.call('GET', KEYS[1]) or '0' end",
    "if ARGV[1] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1]) end",
    'return ARGV[1]',
  ].join('\n'),
)

/** The limit in an answer; undefined: none is set. @throws {PortcullisError} `ERR_STORE_REFUSED` */
export function readDynamicLimit(reply: unknown): number | undefined {
  if (typeof reply !== 'string' || !/^\d{1,15}$/.test(reply))
    throw createRejectedError('strange-answer', 'limit-dynamic')
  return reply === '0' ? undefined : Number(reply)
}
