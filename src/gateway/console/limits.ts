/** Limits how often the console may be asked, and how many live streams it serves, in the memory of one isolate. */
import { createBoundedMap } from '../../limit/memory/bounded-map.ts'

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
  open(key: string): OpenStream | undefined
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
 * Creates a limit of streams: for one key, and for all. Platforms tell late that a client has left, so a browser that loads
 * the page again and again must not wait for its own old streams.
 */
export function createStreamLimit(mostForOne: number, mostForAll: number): StreamLimit {
  const streams = new Set<OpenStream & { readonly key: string }>()

  function replaceOldest(key: string): void {
    const ofKey = [...streams].filter((stream) => stream.key === key)
    const [oldest] = ofKey
    if (oldest === undefined || ofKey.length < mostForOne) return
    oldest.isReplaced = true
    streams.delete(oldest)
  }

  return {
    open(key): OpenStream | undefined {
      replaceOldest(key)
      if (streams.size >= mostForAll) return undefined

      const stream = { key, isReplaced: false, close: () => void streams.delete(stream) }
      streams.add(stream)
      return stream
    },
  }
}
