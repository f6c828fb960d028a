/**
 * The two Lua scripts of the login throttle: `attemptScript` denies an attempt or counts it as
 * failed, and `settleScript` takes the count back after a success or a cancelled attempt.
 * `redisThrottle()` sends them and parses their replies; a reply of another shape is
 * `ERR_STORE_REFUSED` there. Redis runs a script without interruption, so parallel attempts cannot
 * pass a limit together.
 *
 * A counter is a hash: `n` is the number of failures, `u` the moment until which a streak waits or
 * at which a day ends. A ticket is a hash, too: `s` is the state of the attempt, and each number is
 * the end of the wait that it began on the counter at that position.
 */
import { type Script, script } from '../../../redis/script.ts'
import { DAY_MS, FIRST_WAIT_MS, TICKET_MS } from './store.ts'

/**
 * HMGET returns false for a field that does not exist. Lua's own conversion prints numbers with
 * only 14 digits, hence `text`.
 */
const words: readonly string[] = [
  'local function text(n) return string.format("%.0f", n) end',
  "local function row(key) local r = redis.call('HMGET', key, 'n', 'u') return tonumber(r[1] or 0), tonumber(r[2] or 0) end",
]

/**
 * Counts an attempt, or denies it and writes nothing.
 *
 * KEYS: the ticket, the streaks, the days, and for each streak the key of its own part, which may
 * be the streak itself. ARGV: now, the number of streaks, then `free` and `longest` of each streak
 * and `most` of each day. No wait is longer than its counter's longest one: a machine whose clock
 * was ahead must not lock anyone out.
 */
export const attemptScript: Script = script(
  'login-attempt',
  [
    ...words,
    'local now, streaks = tonumber(ARGV[1]), tonumber(ARGV[2])',
    'local counted = #KEYS - 1 - streaks',
    'local n, u, most, longest, wait, by = {}, {}, {}, {}, 0, 0',
    'for i = 1, counted do',
    '  n[i], u[i] = row(KEYS[i + 1])',
    '  local daily, left = i > streaks',
    '  if daily then',
    `    most[i], longest[i] = tonumber(ARGV[2 + streaks + i]), ${DAY_MS}`,
    '    if u[i] <= now then n[i], u[i] = 0, now + longest[i] end',
    '    left = n[i] >= most[i] and u[i] - now or 0',
    '  else',
    '    most[i], longest[i] = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])',
    '    left = u[i] - now',
    '  end',
    '  left = math.min(left, longest[i])',
    '  if left > wait then wait, by = left, i end',
    'end',
    // The same attempt was sent again because its reply was lost. It is counted already.
    "local again = redis.call('EXISTS', KEYS[1]) == 1",
    "if wait > 0 and not again then return {'denied', text(wait), text(by - 1)} end",
    "local reply = {'allowed'}",
    'for i = 1, counted do',
    '  reply[i + 1] = text(again and math.max(0, n[i] - 1) or n[i])',
    '  if not again then',
    `    local life, over = ${DAY_MS}, n[i] + 1 - most[i]`,
    '    if i <= streaks then',
    `      u[i] = over < 0 and 0 or now + math.min(longest[i], ${FIRST_WAIT_MS} * 2 ^ over)`,
    "      redis.call('HSET', KEYS[1], text(i), text(u[i]))",
    '    else life = u[i] - now end',
    "    redis.call('HSET', KEYS[i + 1], 'n', text(n[i] + 1), 'u', text(u[i]))",
    "    redis.call('PEXPIRE', KEYS[i + 1], text(life))",
    '    local own = KEYS[1 + counted + i]',
    '    if i <= streaks and own ~= KEYS[i + 1] then',
    "      redis.call('HINCRBY', own, 'n', 1)",
    `      redis.call('PEXPIRE', own, ${DAY_MS})`,
    '    end',
    '  end',
    'end',
    'if not again then',
    "  redis.call('HSET', KEYS[1], 's', 'open')",
    `  redis.call('PEXPIRE', KEYS[1], ${TICKET_MS})`,
    'end',
    'return reply',
  ].join('\n'),
)

/**
 * Settles an attempt, and returns 1 if it was settled with this outcome, now or before.
 *
 * KEYS as above. ARGV: the outcome, the number of streaks. Failures that are removed change no
 * expiry and no end of a day. A success removes the own part of a streak. Failures under another
 * spelling of the account stay, and later waits count them.
 */
export const settleScript: Script = script(
  'login-settle',
  [
    ...words,
    "local state = redis.call('HGET', KEYS[1], 's')",
    "if not state then return '0' end",
    "if state ~= 'open' then return state == ARGV[1] and '1' or '0' end",
    "redis.call('HSET', KEYS[1], 's', ARGV[1])",
    'local streaks = tonumber(ARGV[2])',
    'local counted = #KEYS - 1 - streaks',
    'for i = 1, counted do',
    '  local key, own, streak, n, u = KEYS[i + 1], KEYS[1 + counted + i], i <= streaks, row(KEYS[i + 1])',
    '  local off = 1',
    '  if streak and own ~= key then',
    '    local mine = row(own)',
    "    if ARGV[1] == 'success' then off = math.max(1, mine) redis.call('DEL', own)",
    "    elseif mine > 0 then redis.call('HSET', own, 'n', text(mine - 1)) end",
    "  elseif streak and ARGV[1] == 'success' then off = n end",
    "  if streak and n <= off and ARGV[1] == 'success' then redis.call('DEL', key)",
    '  elseif n > 0 then',
    "    redis.call('HSET', key, 'n', text(math.max(0, n - off)))",
    // The wait that this attempt began ends now. A wait that a later attempt began stays.
    "    if streak and text(u) == redis.call('HGET', KEYS[1], text(i)) then redis.call('HSET', key, 'u', '0') end",
    '  end',
    'end',
    "return '1'",
  ].join('\n'),
)
