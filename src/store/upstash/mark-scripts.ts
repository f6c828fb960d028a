/**
 * Defines the Lua script that ends the sessions of a mark: it sets a key with an expiry, which the read
 * scripts in `scripts.ts` look for. `requests.ts` and `revocations.ts` send it. A message that was seen
 * before changes nothing, and the script returns `0`.
 */
import { markUrgent, type Script } from '../../redis/script.ts'
import { lua } from './scripts.ts'

/**
 * Ends a mark. KEYS mark [message]. ARGV life [, life of the message, write]. A message that was seen before changes
 * nothing, unless this same call brought it and is repeated.
 */
export const endMarkedScript: Script = markUrgent(
  lua(
    'session-end-marked',
    "if KEYS[2] and not redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[2])",
    "  and redis.call('GET', KEYS[2]) ~= ARGV[3] then return {'0'} end",
    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end",
    "return {'1'}",
  ),
)
