/**
 * The two scripts of the throttle. A counter is a hash: `n` failures, `u` the moment until which a streak waits, or at which
 * a day ends. A ticket is a hash: `s` what became of the attempt, and the waits it began, by place.
 *
 * `redis-throttle.ts` sends them and checks their replies: one of another shape is `ERR_STORE_REFUSED`.
 */
import { type Script, script } from '../../../redis/script.ts'
import { DAY_MS, FIRST_WAIT_MS, TICKET_MS } from './store.ts'

/** HMGET returns false for a field that it does not find. Lua prints numbers with 14 digits, so they leave as text. */
const words: readonly string[] = [
  'local function text(n) return string.format("%.0f", n) end',
  "local function row(key) local r = redis.call('HMGET', key, 'n', 'u') return tonumber(r[1] or 0), tonumber(r[2] or 0) end",
]

/**
 * KEYS ticket, streaks, days, and for each streak its own part, which may be the streak itself. ARGV now, number of streaks, then for each streak `free` and `longest`, for each day `most`.
 * A moment is never further ahead than a wait or a day can be: a machine whose clock was ahead must not lock anyone out.
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
    // The same question again, its answer lost: it was counted.
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
 * KEYS as above. ARGV outcome, number of streaks. What is taken off changes no expiry and no day. A success takes the own
 * part off a streak; what others failed under another text stays, and waits go on by it.
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
    // The wait that this attempt began ends with it; one that another began since stays.
    "    if streak and text(u) == redis.call('HGET', KEYS[1], text(i)) then redis.call('HSET', key, 'u', '0') end",
    '  end',
    'end',
    "return '1'",
  ].join('\n'),
)
