/**
 * Starts one time limit for everything that one call of Redis or a database takes, retries
 * included. Batches of Redis and the calls of database stores start it, and the transports use its
 * signal. When the time is up, waiting work rejects with `ERR_STORE_UNAVAILABLE` (reason
 * `timeout`), even if it ignores the signal; its later result is dropped. Whoever starts it must
 * call `stop()`.
 */
import { createUnavailableError } from './failure.ts'

export interface Deadline {
  /** Aborts when the time is up, for `fetch`. */
  readonly signal: AbortSignal
  /** Whether the time is up. */
  readonly over: boolean
  /**
   * Settles as the work does, or rejects with `ERR_STORE_UNAVAILABLE` when the time is up, even if
   * the work never ends.
   */
  race<T>(work: Promise<T>): Promise<T>
  /** Clears the timer. */
  stop(): void
}

/** Starts a time limit. It uses a timer, which can be cleared, unlike `AbortSignal.timeout`. */
export function startDeadline(timeoutMs: number): Deadline {
  const controller = new AbortController()
  let isOver = false
  let expire: (error: Error) => void
  const expiry = new Promise<never>((_, reject) => {
    expire = reject
  })
  expiry.catch(() => {}) // it may expire while nobody waits
  const timer = setTimeout(() => {
    isOver = true
    expire(createUnavailableError('timeout'))
    controller.abort()
  }, timeoutMs)

  return {
    signal: controller.signal,
    get over(): boolean {
      return isOver
    },
    race: (work) => Promise.race([work, expiry]),
    stop: () => clearTimeout(timer),
  }
}
