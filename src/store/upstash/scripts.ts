/**
 * Defines the Lua scripts of the Upstash store, one for each verb. `requests.ts` sends them, and `replies.ts` checks what
 * they return. A row is a hash with `v` version, `d` record, `t` last seen and `x` absolute end. The row of an ended session
 * has the mark `z` instead; if a login replaced the session, `pv`, `pd`, `pt` and `px` hold it, and `pu` is the key of the
 * list of the new session. A write id is a key whose value is the version that the write made. An index is a sorted set of
 * row keys by absolute end. Comments stand outside of the Lua text, so they are not sent.
 */
import { markUrgent, type Script, script } from '../../redis/script.ts'
import { writeMemory } from '../contract.ts'

/** Creates a script from its lines. */
export const lua = (name: string, ...lines: readonly string[]): Script =>
  script(name, lines.join('\n'))

/**
 * Judges the row KEYS[1] before anything is touched. Needs `list`, the index or nil, `mark`, the
 * key of its ended mark or nil, and ARGV: 1 the row's name in it,
 * 2 now, 3 idle. Leaves `row`, `now`, `idle`, `seen` and `stop`.
 */
const judge: readonly string[] = [
  // An ended mark needs no list, and counts before anything that may still be written.
  "if mark and redis.call('EXISTS', mark) == 1 then return {'ended'} end",
  "local row = redis.call('HMGET', KEYS[1], 'v', 'd', 't', 'x', 'w', 'z')",
  // HMGET returns false for a field that it does not find.
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

/** Answers for a key that must be free and is not: the row of this very write, sent again, or something else. */
const inUse = (key: string, write: string, answer: string): readonly string[] => [
  `if redis.call('EXISTS', ${key}) == 1 then`,
  `  if redis.call('HEXISTS', ${key}, 'v') == 1 and redis.call('EXISTS', ${write}) == 1 then return {'ok'} end`,
  `  return {'${answer}'}`,
  'end',
]

/** Remembers that a write made a version, for as long as it can be sent again. */
const remember = (write: string, version: string): string =>
  `redis.call('SET', ${write}, ${version}, 'PX', ${writeMemory})`

/**
 * Answers `full` where the user has as many sessions as allowed, not counting the one that is replaced, and nobody has
 * looked yet which of them are dead. Drops only what is past its end. Needs `list`, and ARGV: 2 now, 7 how many are allowed.
 */
const full = (looked: string, replaced?: string): readonly string[] => [
  `if list and ${looked} == '0' then`,
  // A minute more than past: a machine whose clock is ahead must not drop what others still use.
  "  redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('%.0f', tonumber(ARGV[2]) - 60000))",
  // Commands that older configurations of Redis users allow: docs/storage.md lists them.
  "  local live = redis.call('ZCARD', list)",
  ...(replaced === undefined
    ? []
    : [`  if redis.call('ZSCORE', list, ${replaced}) then live = live - 1 end`]),
  "  if live >= tonumber(ARGV[7]) then return {'full'} end",
  'end',
]

/**
 * Keeps a new row and lists it. Needs `list`, and ARGV: 2 now, 3 idle, 4 end, 5 record, 7 how many sessions a user may have.
 */
const keep = (key: string, write: string, member: string): readonly string[] => [
  'local now, idle, stop = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])',
  // `w` is for a deployment of before, which looks for the ids of its last eight writes there.
  `redis.call('HSET', ${key}, 'v', '1', 'd', ARGV[5], 't', ARGV[2], 'x', ARGV[4], 'w', '-')`,
  `redis.call('PEXPIRE', ${key}, ${life})`,
  remember(write, "'1'"),
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
const mark = (grace: string, ...more: readonly string[]): readonly string[] => [
  "redis.call('DEL', KEYS[1])",
  "redis.call('HSET', KEYS[1], 'z', '1')",
  ...more,
  `redis.call('PEXPIRE', KEYS[1], ${grace})`,
]

const conflict = "return {'conflict', row[1], row[2], row[3], row[4]}"

/** KEYS row, write [index]. ARGV member, now, idle, end, record, whether the list was tidied, most. */
export const createScript: Script = lua(
  'session-create',
  'local list = KEYS[3]',
  ...inUse('KEYS[1]', 'KEYS[2]', 'taken'),
  ...full('ARGV[6]'),
  ...keep('KEYS[1]', 'KEYS[2]', 'ARGV[1]'),
  "return {'ok'}",
)

/** Names the mark, if there is one, and the index before it, if there is one. */
const places = (index: number, position: number): readonly string[] => [
  `local mark = ARGV[${position}] and KEYS[tonumber(ARGV[${position}])]`,
  `local list = KEYS[${index}]`,
  'if list == mark then list = nil end',
]

/** KEYS row [index] [mark]. ARGV member, now, idle, slice [, which of KEYS is the mark]. */
export const readScript: Script = lua(
  'session-read',
  ...places(2, 5),
  ...judge,
  'if now - seen >= tonumber(ARGV[4]) then',
  "  redis.call('HSET', KEYS[1], 't', ARGV[2])",
  `  redis.call('PEXPIRE', KEYS[1], ${life})`,
  '  row[3] = ARGV[2]',
  'end',
  "return {'found', row[1], row[2], row[3], row[4]}",
)

/** KEYS row, write [index] [mark]. ARGV member, now, idle, version, record [, which of KEYS is the mark]. */
export const replaceScript: Script = lua(
  'session-replace',
  ...places(3, 6),
  ...judge,
  // Sent again: it made this version, and others may have written since.
  "local made = redis.call('GET', KEYS[2])",
  "if made then return {'ok', made} end",
  `if row[1] ~= ARGV[4] then ${conflict} end`,
  "local version = string.format('%.0f', tonumber(row[1]) + 1)",
  // A writer whose clock is behind does not set back when the session was last seen.
  'local last = now > seen and ARGV[2] or row[3]',
  // A deployment of before counts its own writes by their place in `w`: each of ours takes one.
  "local places = string.sub('- ' .. (row[5] or ''), 1, 95)",
  "redis.call('HSET', KEYS[1], 'v', version, 'd', ARGV[5], 't', last, 'w', places)",
  `redis.call('PEXPIRE', KEYS[1], ${life})`,
  remember('KEYS[2]', 'version'),
  "return {'ok', version}",
)

/**
 * KEYS old, new, write [index of old] [index of new]; one index where both are the same. ARGV member of old, now, idle, end,
 * record, whether the list was tidied, most, member of new, grace, which of KEYS is the index of old and which of new (0:
 * none) [, version].
 */
export const rotateScript: Script = lua(
  'session-rotate',
  ...inUse('KEYS[2]', 'KEYS[3]', 'ended'),
  'local list, mark = KEYS[tonumber(ARGV[10])], nil',
  'if ARGV[12] then',
  ...judge,
  `  if row[1] ~= ARGV[12] then ${conflict} end`,
  'end',
  'local from = list',
  'list = KEYS[tonumber(ARGV[11])]',
  ...full('ARGV[6]', 'ARGV[1]'),
  // The old row is kept for a login form that was sent twice, also where the other one has ended it already.
  "local was = redis.call('HMGET', KEYS[1], 'v', 'd', 't', 'x', 'pv', 'pd', 'pt', 'px', 'pu')",
  "if from and redis.call('ZREM', from, ARGV[1]) == 0 then was[1] = false end",
  'local at = was[1] and 0 or 4',
  // Also where there was no row: a parallel request with the old cookie must not begin a session in its place.
  ...mark(
    'ARGV[9]',
    'if was[at + 1] then',
    "  redis.call('HSET', KEYS[1], 'pv', was[at + 1], 'pd', was[at + 2], 'pt', was[at + 3], 'px', was[at + 4])",
    "  redis.call('HSET', KEYS[1], 'pu', at == 4 and was[9] or list or '')",
    'end',
  ),
  ...keep('KEYS[2]', 'KEYS[3]', 'ARGV[8]'),
  "return {'ok'}",
)

/** KEYS row. Returns the session that a rotation replaced, for as long as the mark of its end is kept. */
export const replacedScript: Script = lua(
  'session-replaced',
  "local was = redis.call('HMGET', KEYS[1], 'z', 'pv', 'pd', 'pt', 'px', 'pu')",
  "if was[1] and was[2] then return {'found', was[2], was[3], was[4], was[5], was[6] or ''} end",
  "return {'none'}",
)

/** KEYS row [index]. ARGV member, grace. Ends a session, and returns whether it was alive. */
export const endScript: Script = markUrgent(
  lua(
    'session-end',
    "local lived = '1'",
    "if KEYS[2] and redis.call('ZREM', KEYS[2], ARGV[1]) == 0 then lived = '0' end",
    // Nothing there, or a mark, which lasts for as long as it was meant to.
    "if redis.call('HEXISTS', KEYS[1], 'v') == 0 then return {'0'} end",
    ...mark('ARGV[2]'),
    'return {lived}',
  ),
)
