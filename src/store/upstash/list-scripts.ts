/**
 * Defines the Lua scripts that work on the list of a user's sessions; `scripts.ts` describes how rows and
 * lists are stored. `requests.ts` sends them for `list`, `endAll` and full lists.
 *
 * A session that its list does not name has ended, even while its row exists. Changing the text of a
 * script changes its SHA-1, so Redis must load it again. Errors appear when Redis runs a script.
 */
import { markUrgent, type Script } from '../../redis/script.ts'
import { lua, remember, returnKnownAnswer } from './scripts.ts'

/** Returns all row keys of a list. KEYS index. */
export const membersScript: Script = lua(
  'session-members',
  "return redis.call('ZRANGE', KEYS[1], 0, -1)",
)

/** Delists sessions that are no longer alive. KEYS index, rows. ARGV now, idle, a member for each row. */
export const tidyScript: Script = lua(
  'session-tidy',
  'local now, idle = tonumber(ARGV[1]), tonumber(ARGV[2])',
  'for at = 3, #ARGV do',
  "  local row = redis.call('HMGET', KEYS[at - 1], 't', 'x')",
  '  if not row[1] or now - tonumber(row[1]) >= idle or now >= tonumber(row[2]) then',
  "    redis.call('ZREM', KEYS[1], ARGV[at])",
  '  end',
  'end',
  "return {'ok'}",
)

/** Returns the rows of the sessions that are still listed. KEYS index, rows. ARGV a member for each row. */
export const rowsScript: Script = lua(
  'session-rows',
  'local found = {}',
  'for at, member in ipairs(ARGV) do',
  // The list is checked again, since its sessions may have been ended after it was read.
  "  local row = redis.call('ZSCORE', KEYS[1], member) and redis.call('HMGET', KEYS[at + 1], 'v', 'd', 't', 'x')",
  "  if row and row[1] then found[#found + 1] = {'found', row[1], row[2], row[3], row[4]} end",
  'end',
  'return found',
)

/** Ends all sessions of a list except one. KEYS index, write. ARGV [member to keep]. Returns how many were listed. */
export const endAllScript: Script = markUrgent(
  lua(
    'session-end-all',
    ...returnKnownAnswer,
    "local kept = ARGV[1] and redis.call('ZSCORE', KEYS[1], ARGV[1])",
    "local count, left = redis.call('ZCARD', KEYS[1]), redis.call('PTTL', KEYS[1])",
    "redis.call('DEL', KEYS[1])",
    'if kept then',
    "  redis.call('ZADD', KEYS[1], kept, ARGV[1])",
    "  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))",
    '  count = count - 1',
    'end',
    `if count > 0 then ${remember('KEYS[2]', 'count')} end`,
    'return {tostring(count)}',
  ),
)
