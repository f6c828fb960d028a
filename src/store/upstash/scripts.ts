/**
 * Defines the Lua scripts of the Redis store, one for each verb that works on one session.
 * `requests.ts` sends them, `replies.ts` parses their replies, and the other script files use `lua`.
 *
 * A row is a hash with `v` version, `d` record, `t` last seen and `x` absolute end. The row of an ended
 * session has the mark `z` instead; if a login replaced the session, `pv`, `pd`, `pt` and `px` hold it,
 * and `pu` is the key of the list of the new session. A write id is a key whose value is the version that
 * the write made. An index is a sorted set of row keys by absolute end. Redis runs a script as one step,
 * and an error in it changes nothing that the lines before have not changed. Comments stand outside of the
 * Lua text, so they are not sent.
 */
import { markUrgent, type Script, script } from '../../redis/script.ts'
import { writeMemory } from '../contract.ts'

/** Creates a script from its lines. */
export const lua = (name: string, ...lines: readonly string[]): Script =>
  script(name, lines.join('\n'))

/**
 * Lua that checks the row KEYS[1] before anything is changed, and returns the reason if it is not alive. It needs the
 * variables `list` (key of the index or nil) and `mark` (key of the ended mark or nil), and ARGV: 1 the row's name in
 * the index, 2 now, 3 idle. It sets `row`, `now`, `idle`, `seen` and `stop`.
 */
const judge: readonly string[] = [
  // The mark is checked first: it ends a session even if the session has no list, or is being written.
  "if mark and redis.call('EXISTS', mark) == 1 then return {'ended'} end",
  "local row = redis.call('HMGET', KEYS[1], 'v', 'd', 't', 'x', 'w', 'z')",
  // HMGET returns false for a field that it does not find.
  "if row[6] then return {'ended'} end",
  "if not row[1] then return {'none'} end",
  // The index decides: a session that it does not list was ended together with all others of its user.
  "if list and not redis.call('ZSCORE', list, ARGV[1]) then return {'ended'} end",
  'local now, idle, seen, stop = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(row[3]), tonumber(row[4])',
  // The row is left to its TTL, because this reader's clock may be ahead.
  "if now - seen >= idle or now >= stop then return {'expired'} end",
]

/**
 * The remaining life of a row as text, since Lua prints numbers with 14 digits only. PEXPIRE with 0 or less deletes the
 * row.
 */
const life = "string.format('%.0f', math.min(idle, stop - now))"

/** Lua that returns if a key that must be free is in use: `ok` if this same write made the row, otherwise `answer`. */
const inUse = (key: string, write: string, answer: string): readonly string[] => [
  `if redis.call('EXISTS', ${key}) == 1 then`,
  `  if redis.call('HEXISTS', ${key}, 'v') == 1 and redis.call('EXISTS', ${write}) == 1 then return {'ok'} end`,
  `  return {'${answer}'}`,
  'end',
]

/** Lua that remembers the answer to a write, such as the version that it made, for as long as it can be repeated. */
export const remember = (write: string, version: string): string =>
  `redis.call('SET', ${write}, ${version}, 'PX', ${writeMemory})`

/**
 * Lua that returns `full` if the user has as many sessions as allowed, not counting the one that is replaced, and the
 * list was not tidied yet. It delists only sessions past their absolute end. It needs `list`, and ARGV: 2 now, 7 how
 * many are allowed.
 */
const full = (looked: string, replaced?: string): readonly string[] => [
  `if list and ${looked} == '0' then`,
  // A minute more than past: a machine whose clock is ahead must not drop what others still use.
  "  redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('%.0f', tonumber(ARGV[2]) - 60000))",
  // Only commands that the Redis users of older configurations may call: docs/storage.md lists them.
  "  local live = redis.call('ZCARD', list)",
  ...(replaced === undefined
    ? []
    : [`  if redis.call('ZSCORE', list, ${replaced}) then live = live - 1 end`]),
  "  if live >= tonumber(ARGV[7]) then return {'full'} end",
  'end',
]

/**
 * Lua that stores a new row and lists it. It needs `list`, and ARGV: 2 now, 3 idle, 4 end, 5 record, 7 how many
 * sessions a user may have.
 */
const keep = (key: string, write: string, member: string): readonly string[] => [
  'local now, idle, stop = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])',
  // An older deployment looks for the ids of its last eight writes in `w`.
  `redis.call('HSET', ${key}, 'v', '1', 'd', ARGV[5], 't', ARGV[2], 'x', ARGV[4], 'w', '-')`,
  `redis.call('PEXPIRE', ${key}, ${life})`,
  remember(write, "'1'"),
  'if list then',
  // A minute more than past: a machine whose clock is ahead must not drop what others still use.
  "  redis.call('ZREMRANGEBYSCORE', list, '-inf', string.format('%.0f', now - 60000))",
  // Room is made before the new session is listed, so that a login never removes its own session.
  "  local over = redis.call('ZCARD', list) - tonumber(ARGV[7])",
  "  if over >= 0 then redis.call('ZREMRANGEBYRANK', list, 0, over) end",
  `  redis.call('ZADD', list, ARGV[4], ${member})`,
  // The index must live as long as its longest-lived member. PTTL of a new index is -1.
  '  local left = math.max(1, stop - now)',
  "  if redis.call('PTTL', list) < left then redis.call('PEXPIRE', list, string.format('%.0f', left)) end",
  'end',
]

/**
 * Lua that replaces a row by the mark that the session has ended, for `grace` ms; a grace of 0 deletes it immediately.
 */
const mark = (grace: string, ...more: readonly string[]): readonly string[] => [
  "redis.call('DEL', KEYS[1])",
  "redis.call('HSET', KEYS[1], 'z', '1')",
  ...more,
  `redis.call('PEXPIRE', KEYS[1], ${grace})`,
]

/** Returns the answer of before to a call of `end` or `endAll` that is sent again. */
export const returnKnownAnswer: readonly string[] = [
  "local made = redis.call('GET', KEYS[2])",
  'if made then return {made} end',
]

const conflict = "return {'conflict', row[1], row[2], row[3], row[4]}"

/**
 * Creates a session. KEYS row, write [index]. ARGV member, now, idle, end, record, whether the list was tidied, most.
 */
export const createScript: Script = lua(
  'session-create',
  'local list = KEYS[3]',
  ...inUse('KEYS[1]', 'KEYS[2]', 'taken'),
  ...full('ARGV[6]'),
  ...keep('KEYS[1]', 'KEYS[2]', 'ARGV[1]'),
  "return {'ok'}",
)

/** Lua that sets `mark` and `list` to their keys, or to nil where the call has none. */
const places = (index: number, position: number): readonly string[] => [
  `local mark = ARGV[${position}] and KEYS[tonumber(ARGV[${position}])]`,
  `local list = KEYS[${index}]`,
  'if list == mark then list = nil end',
]

/** Reads a session. KEYS row [index] [mark]. ARGV member, now, idle, slice [, position of the mark among KEYS]. */
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

/**
 * Replaces a record. KEYS row, write [index] [mark]. ARGV member, now, idle, version, record [, position of the mark].
 */
export const replaceScript: Script = lua(
  'session-replace',
  ...places(3, 6),
  ...judge,
  // A repeated write gets the version that it made, even if others have written since.
  "local made = redis.call('GET', KEYS[2])",
  "if made then return {'ok', made} end",
  `if row[1] ~= ARGV[4] then ${conflict} end`,
  "local version = string.format('%.0f', tonumber(row[1]) + 1)",
  // A writer whose clock is behind must not decrease the time at which the session was last seen.
  'local last = now > seen and ARGV[2] or row[3]',
  // An older deployment counts its own writes by their position in `w`, so each of our writes adds one.
  "local places = string.sub('- ' .. (row[5] or ''), 1, 95)",
  "redis.call('HSET', KEYS[1], 'v', version, 'd', ARGV[5], 't', last, 'w', places)",
  `redis.call('PEXPIRE', KEYS[1], ${life})`,
  remember('KEYS[2]', 'version'),
  "return {'ok', version}",
)

/**
 * Ends a session and creates another. KEYS old, new, write [index of old] [index of new]; one index if both are the
 * same. ARGV member of old, now, idle, end, record, whether the list was tidied, most, member of new, grace, position
 * of the index of old and of new among KEYS (0: none) [, version].
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
  // The old row is kept for a login form that is sent twice, even if the other login has ended it already.
  "local was = redis.call('HMGET', KEYS[1], 'v', 'd', 't', 'x', 'pv', 'pd', 'pt', 'px', 'pu')",
  "if from and redis.call('ZREM', from, ARGV[1]) == 0 then was[1] = false end",
  'local at = was[1] and 0 or 4',
  // The mark is set even if there was no row: a parallel request with the old cookie must not create a session there.
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

/** Returns the session that a rotation replaced, while the mark of its end exists. KEYS row. */
export const replacedScript: Script = lua(
  'session-replaced',
  "local was = redis.call('HMGET', KEYS[1], 'z', 'pv', 'pd', 'pt', 'px', 'pu')",
  "if was[1] and was[2] then return {'found', was[2], was[3], was[4], was[5], was[6] or ''} end",
  "return {'none'}",
)

/** Ends a session, and returns whether it was alive. KEYS row, write [index]. ARGV member, grace. */
export const endScript: Script = markUrgent(
  lua(
    'session-end',
    ...returnKnownAnswer,
    "local lived = '1'",
    "if KEYS[3] and redis.call('ZREM', KEYS[3], ARGV[1]) == 0 then lived = '0' end",
    // There is no row, or only a mark, whose remaining life must not change.
    "if redis.call('HEXISTS', KEYS[1], 'v') == 0 then return {'0'} end",
    ...mark('ARGV[2]'),
    `if lived == '1' then ${remember('KEYS[2]', 'lived')} end`,
    'return {lived}',
  ),
)
