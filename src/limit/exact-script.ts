/**
 * The Lua behind the exact limiter: any number of keys, all or nothing, one GET each and one SET each where all allow.
 * Comments stand outside of the text: nobody sends them.
 *
 * ARGV: 1 whether to write; then for each key now, limit, window, cost, grain, burst. Times are ms.
 *
 * A log is a string of 9 bytes for each moment: 6 of time, 3 of units, oldest first. With a burst (GCRA) it is one number:
 * the moment at which all is free, in 1/1024 ms, so that everything stays whole.
 */
import { type Script, script } from '../redis/script.ts'

const gcra: readonly string[] = [
  'local function gcra(held, now, limit, window, cost, burst)',
  '  local at, step = now * 1024, math.ceil(window * 1024 / limit)',
  '  local depth = burst * step',
  // What a clock that went back left in the future is worth a full burst, and no more.
  '  local full = math.min(math.max(tonumber(held or 0), at), at + depth)',
  '  local free = math.floor((at + depth - full) / step)',
  '  local ok = cost <= free',
  '  local retry = math.ceil((full + cost * step - depth) / 1024)',
  '  if cost > burst then retry = -1 end',
  '  local reset = math.ceil(full / 1024)',
  '  if ok then',
  '    local after = full + cost * step',
  '    return true, free, retry, reset, text(after), math.ceil(after / 1024)',
  '  end',
  '  if full < tonumber(held or 0) then return false, free, retry, reset, text(full), reset end',
  '  return false, free, retry, reset',
  'end',
]

const log: readonly string[] = [
  'local function pack(held, from, cut, time, count)',
  '  local bytes = {}',
  '  for at = 6, 1, -1 do bytes[at], time = time % 256, math.floor(time / 256) end',
  '  for at = 9, 7, -1 do bytes[at], count = count % 256, math.floor(count / 256) end',
  '  return string.sub(held, from, cut - 1) .. string.char(unpack(bytes))',
  'end',
  'local function log(held, now, limit, window, cost, grain)',
  "  held = held or ''",
  '  local mark = math.ceil(now / grain) * grain',
  '  local from, cut, used, tail, times, units = 1, #held + 1, 0, 0, {}, {}',
  '  local ahead = false',
  '  for at = 1, #held, 9 do',
  '    local a, b, c, d, e, f, g, h, i = string.byte(held, at, at + 8)',
  '    local time, count = ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f, (g * 256 + h) * 256 + i',
  // What is in the future happened now: see judgeLog.
  '    if time >= mark then',
  '      if tail == 0 then cut = at end',
  '      ahead = ahead or time > mark',
  '      tail = tail + count',
  '      used = used + count',
  '    elseif time + window <= now then from = at + 9',
  '    else',
  '      times[#times + 1], units[#units + 1] = time, count',
  '      used = used + count',
  '    end',
  '  end',
  '  if tail > 0 then times[#times + 1], units[#units + 1] = mark, tail end',
  '  local reset = (times[#times] or now - window) + window',
  '  if used + cost <= limit then',
  '    return true, limit - used, now, reset, pack(held, from, cut, mark, tail + cost), mark + window',
  '  end',
  '  local retry, over = -1, used + cost - limit',
  '  for at = 1, #times do',
  '    over = over - units[at]',
  '    if over <= 0 then retry = times[at] + window break end',
  '  end',
  // So that it blocks for one window from here, and not for one window from each look.
  '  if ahead then return false, limit - used, retry, reset, pack(held, from, cut, mark, tail), reset end',
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
  // All take; or none does, and only what a clock left in the future is put right.
  "  if ARGV[1] == '1' and s[5] and (all or not s[1]) then",
  // Five seconds for those that were judged before it expires and arrive behind it.
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

/** Takes, or looks. */
export const takeScript: Script = script(
  'limit-take',
  // Whole: Lua would print a large number with 14 digits and an exponent.
  ["local function text(number) return string.format('%.0f', number) end", ...gcra, ...log, ...take].join('\n'),
)

/** Forgets keys. */
export const forgetScript: Script = script('limit-forget', "return redis.call('DEL', unpack(KEYS))")
