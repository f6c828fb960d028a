/**
 * Defines where failed logins are counted: the contract of a store, which decides and counts in
 * one step. The throttle's engine calls it; the stores in memory, Redis and Durable Objects
 * implement it. A store that cannot count rejects, and never allows.
 */

/** A count of consecutive failures: failures without a success between them. Each one beyond `free` makes the next try wait. */
export interface Streak {
  /** A digest: never an account or an address. */
  readonly key: string
  /**
   * A digest for that part of the streak which a success ends: failures under the very same text. Absent: a success ends
   * all of it.
   */
  readonly own?: string
  /** Failures that cost nothing. The last of them begins the first wait, of a second; each further one doubles it. */
  readonly free: number
  /** Milliseconds that a wait has at most. */
  readonly longest: number
}

/** A count of one day, from the first failure on. */
export interface Daily {
  /** A digest: never an address. */
  readonly key: string
  /** Failures after which nothing passes until the day is over. */
  readonly most: number
}

/** Counters that an attempt is held against, and counted on. All keys are digests. */
export interface Counters {
  /** Names the attempt: what was counted is settled once, and counted once if the question is sent again. */
  readonly ticket: string
  /** Failures in a row, each for one account, address or device. */
  readonly streaks: readonly Streak[]
  /** Failures of a day, each for one address or network. */
  readonly days: readonly Daily[]
}

/** May it be tried? Then it is counted as failed from now on. If not, nothing was written. */
export type AttemptReply =
  /** `failures` are those before this one, of each streak and then of each day. */
  | { readonly is: 'allowed'; readonly failures: readonly number[] }
  /** `by` is the place, in the same order, of whatever makes it wait longest. */
  | { readonly is: 'denied'; readonly waitMs: number; readonly by: number }

/**
 * The outcome of an attempt that was allowed. Success ends its streaks, or its own part of each, and takes it off its
 * days; void takes it off both, as if it had not been made. There is no third: a failure is what it is counted as.
 */
export type Outcome = 'success' | 'void'

/**
 * A store of these counters. Both verbs happen at once or not at all, also against those of other machines, and a question
 * that is sent twice counts once. A store that cannot be asked rejects; it never allows.
 */
export interface ThrottleStore {
  /** Judges what the environment holds for it, and asks nobody. @throws {ConfigError} `ERR_CONFIG` */
  check?(env: unknown): void
  /** Judges all counters, and counts on all of them if none objects. */
  attempt(
    counters: Counters,
    nowMs: number,
    context: { readonly env?: unknown },
  ): Promise<AttemptReply>
  /**
   * Settles an attempt within {@link TICKET_MS}. True if it was settled as this, now or before; false if it was settled
   * otherwise, or too late to be.
   */
  settle(
    counters: Counters,
    outcome: Outcome,
    nowMs: number,
    context: { readonly env?: unknown },
  ): Promise<boolean>
  /**
   * The same in two steps, where the request shares what it asks: what else it asks before `send` takes it along. undefined
   * where it shares nothing.
   */
  settleLater?(
    counters: Counters,
    outcome: Outcome,
    context: { readonly env?: unknown },
  ): { send(): Promise<boolean> } | undefined
}

/** Milliseconds after which an attempt that nobody settled stays counted. */
export const TICKET_MS = 120_000
/** Milliseconds for which a day lasts, and a streak after its last failure. */
export const DAY_MS = 86_400_000
/** Milliseconds of the first wait. */
export const FIRST_WAIT_MS = 1000
