/** Limits how often the console may be asked, and how many live streams it serves, in the memory of one isolate. */
import { createBoundedMap } from '../../limit/memory/bounded-map.ts'

/** Counts requests of a minute by key. */
export interface MinuteLimit {
  /** Counts one. Returns the seconds to wait where it is one too many. */
  consume(key: string, now: number): number | undefined
}

/** Counts open streams by key. */
export interface StreamLimit {
  /** Returns what ends the stream, or undefined where there are too many. */
  open(key: string): (() => void) | undefined
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

/** Creates a limit of streams: for one key, and for all. */
export function createStreamLimit(mostForOne: number, mostForAll: number): StreamLimit {
  const streams = new Map<string, number>()
  let all = 0
  return {
    open(key): (() => void) | undefined {
      const count = streams.get(key) ?? 0
      if (count >= mostForOne || all >= mostForAll) return undefined

      all++
      streams.set(key, count + 1)
      let isOpen = true
      return () => {
        if (!isOpen) return

        isOpen = false
        all--
        const left = (streams.get(key) ?? 1) - 1
        if (left === 0) streams.delete(key)
        else streams.set(key, left)
      }
    },
  }
}
