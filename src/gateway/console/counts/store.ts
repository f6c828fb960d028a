/**
 * Stores the data of the console: in the memory of this isolate and, if the console has a Redis, summed
 * up over all isolates. `console/create.ts` creates one store for a console. Recording never waits for
 * Redis and never fails: counts that cannot be sent are lost silently. If Redis cannot be read, the
 * reading holds this isolate's counts and is marked `degraded`. With Redis a reading is shared by all
 * viewers for 900 ms.
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
  /** True if Redis could not be read: then the data holds only the counts of this isolate. */
  readonly degraded: boolean
}

/** Records what the console shows, and reads it again. */
export interface ConsoleStore extends ConsoleRecorder {
  read(env: unknown): Promise<ConsoleReading>
}

/** Minimum milliseconds between two times that an isolate sends its counts. */
const sendEveryMs = 2000
/** Milliseconds for which a reading is shared by several viewers. */
const readEveryMs = 900

/** Creates a store in the memory of one isolate. */
export function createMemoryStore(clock: Clock): ConsoleStore {
  const counts = createCounts()
  return {
    ...counts,
    flush() {},
    read: async () => ({ data: counts.read(clock()), degraded: false }),
  }
}

/** Creates a store in Redis. Recording never waits for Redis, and does not fail if Redis does. */
export function createRedisStore(client: Redis, clock: Clock): ConsoleStore {
  const local = createCounts()
  let pending = createPending()
  let sentAt = Number.NEGATIVE_INFINITY
  let lastRead: { readonly at: number; readonly reading: ConsoleReading } | undefined

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
      const countsToSend = pending
      pending = createPending()
      // Counts that cannot be sent are lost. Events that must not be lost belong in the audit trail.
      const sending = sendPending(client, env, countsToSend).catch(() => {})
      waitUntil?.(sending)
    },
    async read(env): Promise<ConsoleReading> {
      const now = clock()
      const ageMs = lastRead === undefined ? -1 : now - lastRead.at
      if (lastRead !== undefined && ageMs >= 0 && ageMs < readEveryMs) return lastRead.reading

      const reading = await readCounts(client, env, now).then(
        (data) => ({ data, degraded: false }),
        () => ({ data: local.read(now), degraded: true }),
      )
      lastRead = { at: now, reading }
      return reading
    },
  }
}
