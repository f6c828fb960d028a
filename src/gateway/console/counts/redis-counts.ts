/**
 * Keeps the console's counts of all isolates in Redis: one hash for each minute, a list of the newest
 * requests, and the states of upstreams. `store.ts` calls it. Sending and reading reject as the Redis
 * client does, and `store.ts` handles that. Of counts that wait to be sent, only those of the newest
 * three minutes are kept. Names beyond the maximum of a minute are counted as `other`. Malformed values
 * in Redis are skipped.
 */
import type { Redis } from '../../../redis/client.ts'
import { type Script, script } from '../../../redis/script.ts'
import {
  type ConsoleData,
  type CountKind,
  findMinute,
  type HealthState,
  increase,
  maxNames,
  maxRecent,
  shownMinutes,
} from './counts.ts'
import { parseRecentRequest, type RecentRequest } from './recent.ts'

/** Counts that an isolate has not sent yet. Names and requests have the same bounds as in Redis. */
export interface PendingCounts {
  readonly minutes: Map<number, Map<string, number>>
  recent: RecentRequest[]
  readonly states: Map<string, HealthState>
}

/** Seconds for which Redis keeps the counts of a minute and the newest requests. */
const lifetime = shownMinutes * 60 + 120
/** Maximum number of minutes whose counts wait to be sent. */
const maxPendingMinutes = 3

/** Lists the keys of Redis. All have one hash tag, so that a Redis Cluster keeps them in one slot. */
function createKeys(minutes: readonly number[]): string[] {
  const prefix = 'portcullis:{console}'
  return [`${prefix}:recent`, `${prefix}:states`, ...minutes.map((minute) => `${prefix}:${minute}`)]
}

/** The script that adds an isolate's counts. Redis keeps the states of upstreams for a week (604,800 seconds). */
const add: Script = /* @__PURE__ */ script(
  'console-add',
  `local sent = cjson.decode(ARGV[1])
local life, most, names = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
for _, line in ipairs(sent.recent) do redis.call('LPUSH', KEYS[1], line) end
if #sent.recent > 0 then
  redis.call('LTRIM', KEYS[1], 0, most - 1)
  redis.call('EXPIRE', KEYS[1], life)
end
for _, state in ipairs(sent.states) do
  if redis.call('HEXISTS', KEYS[2], state[1]) == 1 or redis.call('HLEN', KEYS[2]) < names then
    redis.call('HSET', KEYS[2], state[1], state[2])
  end
end
if #sent.states > 0 then redis.call('EXPIRE', KEYS[2], 604800) end
for index, minute in ipairs(sent.minutes) do
  local key = KEYS[index + 2]
  for _, count in ipairs(minute) do
    local field = count[1]
    if redis.call('HEXISTS', key, field) == 0 and redis.call('HLEN', key) >= names then
      field = string.match(field, '^[^ ]*') .. ' other'
    end
    redis.call('HINCRBY', key, field, string.format('%d', count[2]))
  end
  redis.call('EXPIRE', key, life)
end
return 1`,
)

/** The script that reads the requests, the states, and the counts of all minutes. */
const read: Script = /* @__PURE__ */ script(
  'console-read',
  `local found = { redis.call('LRANGE', KEYS[1], 0, -1), redis.call('HGETALL', KEYS[2]) }
for index = 3, #KEYS do found[index] = redis.call('HGETALL', KEYS[index]) end
return found`,
)

/** Creates empty pending counts. */
export function createPending(): PendingCounts {
  return { minutes: new Map(), recent: [], states: new Map() }
}

/** Adds a count to the pending ones. */
export function addPending(
  pending: PendingCounts,
  minute: number,
  [kind, name, by]: readonly [kind: CountKind, name: string, by: number],
): void {
  const { minutes } = pending
  let counts = minutes.get(minute)
  if (counts === undefined) {
    counts = new Map()
    minutes.set(minute, counts)
    for (const oldestMinute of minutes.keys())
      if (minutes.size > maxPendingMinutes) minutes.delete(oldestMinute)
  }

  increase(counts, kind, name, Math.round(by))
}

/**
 * Adds a request to the pending ones. The list is shortened only when it is four times too long, since that copies it.
 */
export function rememberPending(pending: PendingCounts, request: RecentRequest): void {
  pending.recent.push(request)
  if (pending.recent.length >= maxRecent * 4) pending.recent = pending.recent.slice(-maxRecent)
}

/** Sends the pending counts. It rejects as the Redis client does. */
export async function sendPending(
  client: Redis,
  env: unknown,
  { minutes, recent, states }: PendingCounts,
): Promise<void> {
  const sent = JSON.stringify({
    recent: recent.slice(-maxRecent).map((request) => JSON.stringify(request)),
    states: [...states].map(([key, state]) => [key, JSON.stringify(state)]),
    minutes: [...minutes.values()].map((counts) => [...counts]),
  })
  const bounds = [lifetime, maxRecent, maxNames].map(String)

  await client.call(env, add, createKeys([...minutes.keys()]), [sent, ...bounds])
}

/** Reads the counts of all isolates. It rejects as the Redis client does. */
export async function readCounts(client: Redis, env: unknown, now: number): Promise<ConsoleData> {
  const currentMinute = findMinute(now)
  const firstMinute = currentMinute - shownMinutes + 1
  const hourMinutes = Array.from({ length: shownMinutes }, (_, index) => firstMinute + index)
  const reply: unknown = await client.call(env, read, createKeys(hourMinutes), [])
  const [recent, states, ...minutes] = toList(reply)

  return {
    recent: toList(recent).flatMap((text) => parseRecentRequest(text) ?? []),
    states: new Map(toPairs(states).flatMap(([key, text]) => parseState(key, text))),
    minutes: minutes.flatMap((pairs, index) => {
      const counts = new Map(toPairs(pairs).map(([key, count]) => [key, Number(count)]))
      return counts.size === 0 ? [] : [{ at: hourMinutes[index] ?? currentMinute, counts }]
    }),
  }
}

function parseState(key: string, text: string): Array<readonly [string, HealthState]> {
  try {
    const { type, reason, at } = Object(JSON.parse(text)) as Partial<HealthState>
    return typeof type === 'string' && typeof at === 'number' ? [[key, { type, reason, at }]] : []
  } catch {
    return []
  }
}

function toList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function toPairs(value: unknown): Array<[string, string]> {
  const texts = toList(value).map(String)
  return texts.flatMap((key, index) => (index % 2 === 0 ? [[key, texts[index + 1] ?? '']] : []))
}
