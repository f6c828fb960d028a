/**
 * The Lua script that ends the sessions of a mark; `scripts.ts` looks for the mark. `requests.ts`
 * and the revocations send it. A message that came before changes nothing.
 */
import { markUrgent, type Script } from '../../redis/script.ts'
import { lua } from './scripts.ts'

/** KEYS mark [message]. ARGV life [, life of the message]. A message that came before changes nothing. */
export const endMarkedScript: Script = markUrgent(
  lua(
    'session-end-marked',
    "if KEYS[2] and not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[2]) then return {'0'} end",
    "if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end",
    "return {'1'}",
  ),
)
