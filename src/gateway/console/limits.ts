/**
 * Limits how often the console may be requested and how many live streams it serves at a time.
 * `authorize.ts` limits requests with it, and `create.ts` limits streams; `live.ts` uses the type of an
 * open stream. The counts are in the memory of one isolate and start again with it. Beyond 1,000 keys,
 * the oldest are forgotten. The caller answers a request over the limit with 429. If a
 * session opens too many streams, its oldest one ends; if an isolate has too many, a new one is denied.
 */
import { createBoundedMap } from '../../memory/bounded-map.ts'

/** Counts the requests of a minute by key. */
export interface MinuteLimit {
  /** Counts one request. Returns the seconds to wait if it is over the limit, otherwise undefined. */
  consume(key: string, now: number): number | undefined
}

/** An open stream. */
export interface OpenStream {
  /**
   * True after a newer stream of the same key has replaced this one, or its time is over. It then ends at its next
   * update.
   */
  isReplaced: boolean
  /** Removes the stream from the count. The caller calls it when the stream has ended for any reason. */
  close(): void
}

/** Counts open streams by key. */
export interface StreamLimit {
  /** Opens a stream, which may replace the oldest one of its key. Returns undefined if the isolate has too many. */
  open(key: string, now: number): OpenStream | undefined
}

/** How many streams may be open, and for how long. */
export interface StreamBounds {
  /** Streams of one session. */
  readonly perSession: number
  /** Streams of one isolate. */
  readonly all: number
  /** Milliseconds after which a stream no longer counts, although nothing has reported its end. */
  readonly lastsMs: number
}

const minute = 60_000
const maxKeys = 1000

/** Creates a limit of requests per minute. */
export function createMinuteLimit(maxRequests: number): MinuteLimit {
  const windows = createBoundedMap<{ readonly until: number; count: number }>(maxKeys)
  return {
    consume(key, now): number | undefined {
      const lastWindow = windows.get(key, now)
      // If the clock was set back, the window begins again, so that it is never longer than a minute.
      const isCurrent = lastWindow !== undefined && lastWindow.until - now <= minute
      const window = isCurrent ? lastWindow : { until: now + minute, count: 0 }
      window.count++
      if (!isCurrent) windows.put(key, window, now)

      return window.count > maxRequests ? Math.ceil((window.until - now) / 1000) : undefined
    },
  }
}

/**
 * Creates a limit of open streams: per key, and in total. Platforms report late or never that a client has
 * disconnected. Therefore a new stream replaces the oldest one of its key, so that a browser that reloads the page is
 * not blocked by its own old streams. A stream that is older than `lastsMs` no longer counts.
 */
export function createStreamLimit({ perSession, all, lastsMs }: StreamBounds): StreamLimit {
  const streams = new Set<OpenStream & { readonly key: string; readonly openedAt: number }>()

  function removeExpired(now: number): void {
    for (const stream of streams) {
      // A negative age means that the clock was set back. The stream is removed then too, so that it does not count for
      // longer.
      const age = now - stream.openedAt
      if (age >= 0 && age <= lastsMs) continue
      stream.isReplaced = true
      streams.delete(stream)
    }
  }

  function replaceOldest(key: string): void {
    const keyStreams = [...streams].filter((stream) => stream.key === key)
    const [oldestStream] = keyStreams
    if (oldestStream === undefined || keyStreams.length < perSession) return

    oldestStream.isReplaced = true
    streams.delete(oldestStream)
  }

  return {
    open(key, now): OpenStream | undefined {
      removeExpired(now)
      replaceOldest(key)
      if (streams.size >= all) return undefined

      const close = (): void => void streams.delete(stream)
      const stream = { key, openedAt: now, isReplaced: false, close }
      streams.add(stream)

      return stream
    },
  }
}
