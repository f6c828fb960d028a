/**
 * Limits how often the console may be requested, and how many live streams it serves, in the
 * memory of one isolate. `authorize.ts` and `create.ts` call it. A request over the limit gets
 * 429; the oldest stream of a session gives way to its newest.
 */
import { createBoundedMap } from '../../memory/bounded-map.ts'

/** Counts requests of a minute by key. */
export interface MinuteLimit {
  /** Counts one. Returns the seconds to wait where it is one too many. */
  consume(key: string, now: number): number | undefined
}

/** An open stream. */
export interface OpenStream {
  /** Set once a newer stream of the same key has taken its place: it ends at its next look. */
  isReplaced: boolean
  /** Called once the stream has ended, however it did. */
  close(): void
}

/** Counts open streams by key. */
export interface StreamLimit {
  /** Opens a stream, in place of the oldest one of its key where there are too many. Undefined where all are too many. */
  open(key: string, now: number): OpenStream | undefined
}

/** How many streams there may be, and for how long. */
export interface StreamBounds {
  /** Streams of one session. */
  readonly perSession: number
  /** Streams of one isolate. */
  readonly all: number
  /** Milliseconds after which a stream has ended, whatever the platform says of its client. */
  readonly lastsMs: number
}

const minute = 60_000
const maxKeys = 1000

/** Creates a limit of so many requests in a minute. */
export function createMinuteLimit(most: number): MinuteLimit {
  const windows = createBoundedMap<{ readonly until: number; count: number }>(maxKeys)
  return {
    consume(key, now): number | undefined {
      const known = windows.get(key, now)
      // A clock that went back must not make a window longer than a minute.
      const isCurrent = known !== undefined && known.until - now <= minute
      const window = isCurrent ? known : { until: now + minute, count: 0 }
      window.count++
      if (!isCurrent) windows.put(key, window, now)
      return window.count > most ? Math.ceil((window.until - now) / 1000) : undefined
    },
  }
}

/**
 * Creates a limit of streams: for one key, and for all. Platforms tell late or never that a client has left. So a browser that
 * loads the page again and again must not wait for its own old streams, and a stream that should have ended by itself has no
 * place any more.
 */
export function createStreamLimit({ perSession, all, lastsMs }: StreamBounds): StreamLimit {
  const streams = new Set<OpenStream & { readonly key: string; readonly openedAt: number }>()

  function removePast(now: number): void {
    for (const stream of streams) {
      // A clock that went back must not keep a stream for longer.
      const age = now - stream.openedAt
      if (age >= 0 && age <= lastsMs) continue
      stream.isReplaced = true
      streams.delete(stream)
    }
  }

  function replaceOldest(key: string): void {
    const ofKey = [...streams].filter((stream) => stream.key === key)
    const [oldest] = ofKey
    if (oldest === undefined || ofKey.length < perSession) return
    oldest.isReplaced = true
    streams.delete(oldest)
  }

  return {
    open(key, now): OpenStream | undefined {
      removePast(now)
      replaceOldest(key)
      if (streams.size >= all) return undefined

      const close = (): void => void streams.delete(stream)
      const stream = { key, openedAt: now, isReplaced: false, close }
      streams.add(stream)
      return stream
    },
  }
}
