/**
 * The Lua scripts of `exactLimiter()`: `takeScript` consumes or reads the units of any number of
 * keys, where either all keys allow and consume or none does; `forgetScript` deletes keys, also for
 * `upstashLimiter()`. `exact.ts` and `takes.ts` send them with `reply.ts`, which rejects a reply of
 * another shape with `ERR_STORE_REFUSED`. Redis runs a script without interruption. A value that
 * another program wrote under a key is misread, so the prefix must be the limiter's alone. Comments
 * stand outside of the Lua text, so that they are not sent.
 *
 * ARGV: first `1` to write or `0` to read; then for each key now, limit, window, cost, grain,
 * burst. Times are in ms.
 *
 * The value of a log is a string with 9 bytes for each moment: 6 bytes of time and 3 of units,
 * oldest first. Where clocks differ, 9 more bytes come before them: 6 bytes of the shift (see
 * key-clock.ts) and 3 zero bytes in place of units, which no real entry has.
 *
 * The value of GCRA (burst above 0) is three numbers: the moment at which all units are free, in
 * 1/1024 ms to keep integers; the time of the key; its shift.
 */
import { type Script, script } from '../../redis/script.ts'
import { KEY_CLOCK_SKEW_MS } from './key-clock.ts'

/** The same computation as `readKeyTime` of key-clock.ts. */
const time: readonly string[] = [
  'local function key_time(now, last, shift)',
  `  if not last or (now >= last and shift > ${KEY_CLOCK_SKEW_MS}) then return now, 0, false end`,
  `  local new = last - now - shift > (shift == 0 and 0 or ${KEY_CLOCK_SKEW_MS})`,
  '  if new then shift = last - now end',
  '  return math.max(last, now + shift), shift, new',
  'end',
]

const gcra: readonly string[] = [
  'local function gcra(held, now, limit, window, cost, burst)',
  "  local tat, last, shift = string.match(held or '', '^(%d+) (%d+) (%d+)$')",
  '  tat, last, shift = tonumber(tat) or 0, tonumber(last), tonumber(shift)',
  // All units have become free by every clock, so the time of the key starts anew. The log below
  // does the same.
  '  if tat <= now * 1024 then last = nil end',
  '  local at, added, new = key_time(now, last, shift)',
  '  local behind, step = at - now, math.ceil(window * 1024 / limit)',
  '  local depth = burst * step',
  '  local full = math.max(tat, at * 1024)',
  '  local free = math.floor((at * 1024 + depth - full) / step)',
  '  local ok = cost <= free',
  '  local retry = math.ceil((full + cost * step - depth) / 1024) - behind',
  '  if cost > burst then retry = -1 end',
  '  local reset = math.ceil(full / 1024) - behind',
  '  if ok then',
  '    local after = full + cost * step',
  "    local kept = text(after) .. ' ' .. text(at) .. ' ' .. text(added)",
  '    return true, free, retry, reset, kept, math.ceil(after / 1024) - behind',
  '  end',
  "  if new then return false, free, retry, reset, text(tat) .. ' ' .. text(last) .. ' ' .. text(added), reset end",
  '  return false, free, retry, reset',
  'end',
]

const log: readonly string[] = [
  'local function entry(time, count)',
  '  local bytes = {}',
  '  for at = 6, 1, -1 do bytes[at], time = time % 256, math.floor(time / 256) end',
  '  for at = 9, 7, -1 do bytes[at], count = count % 256, math.floor(count / 256) end',
  '  return string.char(unpack(bytes))',
  'end',
  'local function read(held, at)',
  '  local a, b, c, d, e, f, g, h, i = string.byte(held, at, at + 8)',
  '  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f, (g * 256 + h) * 256 + i',
  'end',
  'local function log(held, now, limit, window, cost, grain)',
  "  held = held or ''",
  '  local shift, first, last = 0, 1, nil',
  '  if #held > 0 then',
  '    local time, count = read(held, 1)',
  '    if count == 0 then shift, first = time, 10 end',
  // A stored moment is the end of its interval; the take happened at its first millisecond at the
  // earliest.
  '    last = read(held, #held - 8)',
  '    if last + window <= now then last = nil else last = last - grain + 1 end',
  '  end',
  '  local at, added, new = key_time(now, last, shift)',
  '  local behind, mark = at - now, math.ceil(at / grain) * grain',
  '  local from, cut, used, tail, times, units = first, #held + 1, 0, 0, {}, {}',
  '  for i = first, #held, 9 do',
  '    local time, count = read(held, i)',
  '    if time + window <= at then from = i + 9',
  '    else',
  '      if time == mark then cut, tail = i, count end',
  '      times[#times + 1], units[#units + 1] = time, count',
  '      used = used + count',
  '    end',
  '  end',
  "  local clock = added > 0 and entry(added, 0) or ''",
  '  local reset = (times[#times] or at - window) + window - behind',
  '  if used + cost <= limit then',
  '    local kept = clock .. string.sub(held, from, cut - 1) .. entry(mark, tail + cost)',
  '    return true, limit - used, now, reset, kept, mark + window - behind',
  '  end',
  '  local retry, over = -1, used + cost - limit',
  '  for i = 1, #times do',
  '    over = over - units[i]',
  '    if over <= 0 then retry = times[i] + window - behind break end',
  '  end',
  '  if new then return false, limit - used, retry, reset, clock .. string.sub(held, first), reset end',
  '  return false, limit - used, retry, reset',
  'end',
]

const take: readonly string[] = [
  'local all, states, answer = true, {}, {}',
  'for at, key in ipairs(KEYS) do',
  '  local p = {}',
  '  for i = 1, 6 do p[i] = tonumber(ARGV[at * 6 - 5 + i]) end',
  "  local held = redis.call('GET', key)",
  '  local s',
  '  if p[6] > 0 then s = {gcra(held, p[1], p[2], p[3], p[4], p[6])}',
  '  else s = {log(held, p[1], p[2], p[3], p[4], p[5])} end',
  '  s.now, s.cost = p[1], p[4]',
  '  all = all and s[1]',
  '  states[at] = s',
  'end',
  'for at, key in ipairs(KEYS) do',
  '  local s = states[at]',
  // Either all keys consume, or none does and only the shift of a clock that is behind is stored.
  "  if ARGV[1] == '1' and s[5] and (all or not s[1]) then",
  // The value is stored five seconds longer, for takes that were sent before it expires and arrive
  // afterwards.
  "    redis.call('SET', key, s[5], 'PX', text(math.max(0, s[6] - s.now) + 5000))",
  '    if all then s[2], s[4] = s[2] - s.cost, s[6] end',
  '  end',
  '  local retry = s[3]',
  '  if s[1] then retry = s.now end',
  "  answer[#answer + 1] = s[1] and '1' or '0'",
  '  for _, number in ipairs({s[2], retry, s[4]}) do answer[#answer + 1] = text(number) end',
  'end',
  'return answer',
]

/** Consumes units, or only reads what a take would give. */
export const takeScript: Script = script(
  'limit-take',
  // Lua's own conversion prints a large number with 14 digits and an exponent.
  [
    "local function text(number) return string.format('%.0f', number) end",
    ...time,
    ...gcra,
    ...log,
    ...take,
  ].join('\n'),
)

/** Deletes keys. */
export const forgetScript: Script = script('limit-forget', "return redis.call('DEL', unpack(KEYS))")
