/**
 * Defines the interface of a store of failed logins, which denies or counts an attempt in one step.
 * The throttle's engine calls it, and `memoryThrottle()`, `redisThrottle()` and
 * `durableObjectThrottle()` implement it; an application may write its own. A store that cannot
 * count must reject (`ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED`) and must never allow. An
 * attempt that nobody settles within 2 minutes stays counted as failed.
 */

/**
 * A count of consecutive failures, which a success ends. Each failure beyond `free` makes the next
 * attempt wait.
 */
export interface Streak {
  /** A digest of the account, address or device; never the text itself. */
  readonly key: string
  /**
   * The digest of the part of the streak that a success ends: failures under exactly the same text.
   * Absent where a success ends the whole streak.
   */
  readonly own?: string
  /**
   * The number of consecutive failures with which waits begin. The failure with this number causes
   * a wait of a second, and each further one doubles it.
   */
  readonly free: number
  /** The longest wait in ms. */
  readonly longest: number
}

/** A count of one day, which begins with its first failure. */
export interface Daily {
  /** A digest of the address or network; never the text itself. */
  readonly key: string
  /** The number of failures after which every attempt is denied until the day is over. */
  readonly most: number
}

/**
 * The counters of an attempt: all of them must allow it, and it is counted on all. All keys are
 * digests.
 */
export interface Counters {
  /** The id of the attempt, by which a repeated one counts once and is settled once. */
  readonly ticket: string
  /** Counts of consecutive failures, each of one account, address or device. */
  readonly streaks: readonly Streak[]
  /** Counts of one day, each of one address or network. */
  readonly days: readonly Daily[]
}

/**
 * The answer to an attempt. An allowed one is counted as failed until it is settled; a denied one
 * wrote nothing.
 */
export type AttemptReply =
  /** `failures` are the counts before this attempt, of each streak and then of each day. */
  | { readonly is: 'allowed'; readonly failures: readonly number[] }
  /** `by` is the position, in the same order, of the counter that requires the longest wait. */
  | { readonly is: 'denied'; readonly waitMs: number; readonly by: number }

/**
 * The outcome of an allowed attempt. `success` ends its streaks, or its own part of each, and
 * removes the attempt from its days. `void` removes the attempt from both, as if it had not been
 * made. A failure has no outcome of its own, because the attempt is already counted as one.
 */
export type Outcome = 'success' | 'void'

/**
 * A store of failed logins. Both operations are atomic, also against those of other machines, and
 * an operation that is sent twice counts once. A store that cannot be reached rejects; it never
 * allows.
 */
export interface ThrottleStore {
  /**
   * Validates the values of the environment, without calling the store.
   *
   * @throws {ConfigError} `ERR_CONFIG`
   */
  check?(env: unknown): void
  /** Compares the attempt with all counters, and counts it on all of them if none denies. */
  attempt(
    counters: Counters,
    nowMs: number,
    context: { readonly env?: unknown },
  ): Promise<AttemptReply>
  /**
   * Settles an attempt within {@link TICKET_MS}. Resolves to true if it was settled with this
   * outcome, now or before; false if it was settled with the other one, or too late.
   */
  settle(
    counters: Counters,
    outcome: Outcome,
    nowMs: number,
    context: { readonly env?: unknown },
  ): Promise<boolean>
  /**
   * Settles in two steps, where the request has a shared batch: other commands that the request
   * sends before `send` is called carry this one along. Returns undefined where there is no shared
   * batch.
   */
  settleLater?(
    counters: Counters,
    outcome: Outcome,
    context: { readonly env?: unknown },
  ): { send(): Promise<boolean> } | undefined
}

/** How long an attempt can be settled, in ms; afterwards it stays counted as failed. */
export const TICKET_MS = 120_000
/** The length of a day, and how long a streak is stored after its last failure, in ms. */
export const DAY_MS = 86_400_000
/** The first wait in ms. */
export const FIRST_WAIT_MS = 1000
