/**
 * Starts one time limit for everything that one call to Redis or a database takes. Batches and
 * calls of databases start it. When it is over, waiting work rejects with `ERR_STORE_UNAVAILABLE`.
 */
import { createUnavailableError } from './failure.ts'

export interface Deadline {
  /** For fetch: aborts when time is up. */
  readonly signal: AbortSignal
  readonly over: boolean
  /** Settles as the work does, or rejects with `ERR_STORE_UNAVAILABLE` when time is up, even if the work never ends. */
  race<T>(work: Promise<T>): Promise<T>
  /** Lets go of the timer. */
  stop(): void
}

/** Starts now. A timer that is cleared costs less than `AbortSignal.timeout`, which cannot be. */
export function startDeadline(timeoutMs: number): Deadline {
  const controller = new AbortController()
  let over = false
  let expire: (error: Error) => void
  const expired = new Promise<never>((_, reject) => {
    expire = reject
  })
  expired.catch(() => {}) // nobody may be waiting
  const timer = setTimeout(() => {
    over = true
    expire(createUnavailableError('timeout'))
    controller.abort()
  }, timeoutMs)
  return {
    signal: controller.signal,
    get over(): boolean {
      return over
    },
    race: (work) => Promise.race([work, expired]),
    stop: () => clearTimeout(timer),
  }
}
