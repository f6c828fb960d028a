/**
 * The Lua that each verb of the Upstash store is: one script, all keys declared. A row is a hash: `v` version, `d` record,
 * `t` last seen, `x` absolute end, `w` the last eight write ids, newest first; or only `z`, the mark that one ended. An
 * index is a sorted set of row keys by absolute end. Comments stand outside of the text: nobody sends them.
 */
import { type Script, script } from '../redis/script.ts'

const lua = (name: string, ...lines: readonly string[]): Script => script(name, lines.join('\n'))

/**
 * Judges the row KEYS[1] before anything is touched. Needs `list`, the index or nil, and ARGV: 1 the row's name in it,
 * 2 now, 3 idle. Leaves `row`, `now`, `idle`, `seen` and `stop`.
 */
const judge: readonly string[] = [
  "local row = redis.call('HMGET', KEYS[1], 'v', 'd', 't', 'x', 'w', 'z')",
  // What HMGET does not find is false.
  "if row[6] then return {'ended'} end",
  "if not row[1] then return {'none'} end",
  // The index is the authority: what it does not list was ended with all others of its user.
  "if list and not redis.call('ZSCORE', list, ARGV[1]) then return {'ended'} end",
  'local now, idle, seen, stop = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(row[3]), tonumber(row[4])',
  // The row itself stays for the TTL to remove: this reader's clock may be ahead.
  "if now - seen >= idle or now >= stop then return {'expired'} end",
]

/** The life that a row has left, as text, since Lua prints numbers with 14 digits. None left: PEXPIRE deletes it. */
const life = "string.format('%.0f', math.min(idle, stop - now))"

/** What stands at a key that must be free: this very write, sent again, or something else. */
const inUse = (key: string, answer: string): readonly string[] => [
  `if redis.call('EXISTS', ${key}) == 1 then`,
  `  local writes = ' ' .. (redis.call('HGET', ${key}, 'w') or '') .. ' '`,
  // Plain: an id is no pattern. Between spaces: a part of an id is no id.
  "  if string.find(writes, ' ' .. ARGV[6] .. ' ', 1, true) then return {'ok'} end",
  `  return {'${answer}'}`,
  'end',
]

/**
 * Keeps a new row and lists it. Needs `list`, and ARGV: 2 now, 3 idle, 4 end, 5 record, 6 write id, 7 how many sessions a
 * user may have.
 */
const keep = (key: string, member: string): readonly string[] => [
  'local now, idle, stop = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])',
  `redis.call('HSET', ${key}, 'v', '1', 'd', ARGV[5], 't', ARGV[2], 'x', ARGV[4], 'w', ARGV[6])`,
  `redis.call('PEXPIRE', ${key}, ${life})`,
  'if list then',
  // A minute more than past: a machine whose clock is ahead must not drop what others still use.
  "  redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('%.0f', now - 60000))",
  // Room first, then the new one: whoever signs in is signed in, whatever ends first.
  "  local over = redis.call('ZCARD', list) - tonumber(ARGV[7])",
  "  if over >= 0 then redis.call('ZREMRANGEBYRANK', list, 0, over) end",
  `  redis.call('ZADD', list, ARGV[4], ${member})`,
  // The index lasts as long as its longest member. PTTL of one that is new is -1.
  '  local left = math.max(1, stop - now)',
  "  if redis.call('PTTL', list) < left then redis.call('PEXPIRE', list, string.format('%.0f', left)) end",
  'end',
]

/** Leaves the mark that a session ended for `grace` ms; a grace of 0 deletes it at once. */
const mark = (grace: string): readonly string[] => [
  "redis.call('DEL', KEYS[1])",
  "redis.call('HSET', KEYS[1], 'z', '1')",
  `redis.call('PEXPIRE', KEYS[1], ${grace})`,
]

const conflict = "return {'conflict', row[1], row[2], row[3], row[4]}"

/** KEYS row [index]. ARGV member, now, idle, end, record, write, most. */
export const createScript: Script = lua(
  'session-create',
  'local list = KEYS[2]',
  ...inUse('KEYS[1]', 'taken'),
  ...keep('KEYS[1]', 'ARGV[1]'),
  "return {'ok'}",
)

/** KEYS row [index]. ARGV member, now, idle, slice. */
export const readScript: Script = lua(
  'session-read',
  'local list = KEYS[2]',
  ...judge,
  'if now - seen >= tonumber(ARGV[4]) then',
  "  redis.call('HSET', KEYS[1], 't', ARGV[2])",
  `  redis.call('PEXPIRE', KEYS[1], ${life})`,
  '  row[3] = ARGV[2]',
  'end',
  "return {'found', row[1], row[2], row[3], row[4]}",
)

/** KEYS row [index]. ARGV member, now, idle, version, record, write. */
export const replaceScript: Script = lua(
  'session-replace',
  'local list = KEYS[2]',
  ...judge,
  'local writes = {ARGV[6]}',
  "for id in string.gmatch(row[5] or '', '%S+') do",
  // Sent again: it made the version that was so many writes ago, and others may have written since.
  "  if id == ARGV[6] then return {'ok', string.format('%.0f', tonumber(row[1]) - #writes + 1)} end",
  '  if #writes < 8 then writes[#writes + 1] = id end',
  'end',
  `if row[1] ~= ARGV[4] then ${conflict} end`,
  "local version = string.format('%.0f', tonumber(row[1]) + 1)",
  // A writer whose clock is behind does not set back when the session was last seen.
  'local last = now > seen and ARGV[2] or row[3]',
  "redis.call('HSET', KEYS[1], 'v', version, 'd', ARGV[5], 't', last, 'w', table.concat(writes, ' '))",
  `redis.call('PEXPIRE', KEYS[1], ${life})`,
  "return {'ok', version}",
)

/**
 * KEYS old, new [index of old] [index of new]; one index where both are the same. ARGV member of old, now, idle, end,
 * record, write, most, member of new, grace, which of KEYS is the index of old and which of new (0: none) [, version].
 */
export const rotateScript: Script = lua(
  'session-rotate',
  ...inUse('KEYS[2]', 'ended'),
  'local list = KEYS[tonumber(ARGV[10])]',
  'if ARGV[12] then',
  ...judge,
  `  if row[1] ~= ARGV[12] then ${conflict} end`,
  'end',
  "if list then redis.call('ZREM', list, ARGV[1]) end",
  // Also where there was no row: a parallel request with the old cookie must not begin a session in its place.
  ...mark('ARGV[9]'),
  'list = KEYS[tonumber(ARGV[11])]',
  ...keep('KEYS[2]', 'ARGV[8]'),
  "return {'ok'}",
)

/** KEYS row [index]. ARGV member, grace. */
export const endScript: Script = lua(
  'session-end',
  "local lived = '1'",
  "if KEYS[2] and redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then lived = '0' end",
  // Nothing there, or a mark, which lasts for as long as it was meant to.
  "if redis.call('HEXISTS', KEYS[1], 'v') == 0 then return {'0'} end",
  ...mark('ARGV[2]'),
  'return {lived}',
)

/** KEYS index. */
export const membersScript: Script = lua('session-members', "return redis.call('ZRANGE', KEYS[1], 0, -1)")

/** KEYS index, rows. ARGV a member for each row. */
export const rowsScript: Script = lua(
  'session-rows',
  'local found = {}',
  'for at, member in ipairs(ARGV) do',
  // Asked again: meanwhile all of them may have been ended.
  "  local row = redis.call('ZSCORE', KEYS[1], member) and redis.call('HMGET', KEYS[at + 1], 'v', 'd', 't', 'x')",
  "  if row and row[1] then found[#found + 1] = {'found', row[1], row[2], row[3], row[4]} end",
  'end',
  'return found',
)

/** KEYS index. ARGV [member to keep]. */
export const endAllScript: Script = lua(
  'session-end-all',
  "local kept = ARGV[1] and redis.call('ZSCORE', KEYS[1], ARGV[1])",
  "local count, left = redis.call('ZCARD', KEYS[1]), redis.call('PTTL', KEYS[1])",
  "redis.call('DEL', KEYS[1])",
  'if kept then',
  "  redis.call('ZADD', KEYS[1], kept, ARGV[1])",
  "  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', left))",
  '  count = count - 1',
  'end',
  'return {tostring(count)}',
)
