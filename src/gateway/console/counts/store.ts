/**
 * Keeps what the console shows: in the memory of this isolate and, where there is a Redis, over
 * all isolates. `console/create.ts` creates one store. Counting never waits for Redis and never
 * fails with it; where Redis cannot be read, the page says so.
 */
import type { Redis } from '../../../redis/client.ts'
import type { Clock } from '../../../types.ts'
import { type ConsoleData, createCounts, findMinute } from './counts.ts'
import type { ConsoleRecorder } from './observe.ts'
import {
  addPending,
  createPending,
  readCounts,
  rememberPending,
  sendPending,
} from './redis-counts.ts'

/** The data that a page is rendered from. */
export interface ConsoleReading {
  readonly data: ConsoleData
  /** Whether Redis was to be asked and gave no answer: then these are the counts of this isolate. */
  readonly degraded: boolean
}

/** Recorder and reader in one. */
export interface ConsoleStore extends ConsoleRecorder {
  read(env: unknown): Promise<ConsoleReading>
}

/** How often an isolate sends its counts, and how old a reading may be that several viewers share. */
const sendEveryMs = 2000
const readEveryMs = 900

/** Creates a store for one isolate. */
export function createMemoryStore(clock: Clock): ConsoleStore {
  const counts = createCounts()
  return {
    ...counts,
    flush() {},
    read: async () => ({ data: counts.read(clock()), degraded: false }),
  }
}

/** Creates a store over Redis. Counting never waits for it, and never fails with it. */
export function createRedisStore(client: Redis, clock: Clock): ConsoleStore {
  const local = createCounts()
  let pending = createPending()
  let sentAt = Number.NEGATIVE_INFINITY
  let last: { readonly at: number; readonly reading: ConsoleReading } | undefined

  return {
    add(now, kind, name, by = 1): void {
      local.add(now, kind, name, by)
      addPending(pending, findMinute(now), [kind, name, by])
    },
    remember(request): void {
      local.remember(request)
      rememberPending(pending, request)
    },
    setState(key, state): void {
      local.setState(key, state)
      pending.states.set(key, state)
    },
    flush(env, waitUntil): void {
      const now = clock()
      if (now - sentAt < sendEveryMs && now >= sentAt) return

      sentAt = now
      const sent = pending
      pending = createPending()
      // Counts that could not be sent are lost; the audit trail keeps what must be kept.
      const work = sendPending(client, env, sent).catch(() => {})
      waitUntil?.(work)
    },
    async read(env): Promise<ConsoleReading> {
      const now = clock()
      if (last !== undefined && now - last.at < readEveryMs && now >= last.at) return last.reading

      const reading = await readCounts(client, env, now).then(
        (data) => ({ data, degraded: false }),
        () => ({ data: local.read(now), degraded: true }),
      )
      last = { at: now, reading }
      return reading
    },
  }
}
