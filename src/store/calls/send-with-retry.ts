/**
 * Sends a call to a database within a time limit, and repeats it where a repetition can help. The D1,
 * Postgres and Durable Object stores and the Durable Object limiters send every call through it.
 *
 * It throws a `StoreError`: the failure that `createFailure` returns, or the one of `createUnavailable`
 * after `timeoutMs`. A failure with `ERR_STORE_UNAVAILABLE` is repeated once, a `conflict` up to
 * `maxConflicts` times. The first call may have taken effect although its answer was lost, so calls
 * that write must carry an id by which the database recognises a repetition.
 */
import { startDeadline } from '../../redis/deadline.ts'
import type { StoreError } from '../../redis/failure.ts'

/** The limits of a call, and the translation of its errors. */
export interface SendPolicy {
  /** Milliseconds for all tries together. */
  readonly timeoutMs: number
  /** Milliseconds before another try. */
  readonly pauseMs: number
  /** Further tries after a `conflict`, with which the database says that it changed nothing. Default 0. */
  readonly maxConflicts?: number
  /** Translates an error into a `StoreError`, which must not contain the text of the error. */
  createFailure(error: unknown): StoreError
  createUnavailable(reason: string): StoreError
}

/**
 * Sends a call until it is answered, or until it fails in a way that another try would not change.
 *
 * @throws {StoreError}
 */
export async function sendWithRetry<Reply>(
  send: () => Promise<Reply>,
  { timeoutMs, pauseMs, maxConflicts = 0, createFailure, createUnavailable }: SendPolicy,
): Promise<Reply> {
  const deadline = startDeadline(timeoutMs)
  let [failures, conflicts] = [0, 0]
  try {
    for (;;) {
      const outcome = await deadline.race(settle(send))
      if ('reply' in outcome) return outcome.reply

      const failure = createFailure(outcome.error)
      const canRepeat =
        failure.reason === 'conflict'
          ? conflicts++ < maxConflicts
          : failure.code === 'ERR_STORE_UNAVAILABLE' && failures++ < 1

      if (!canRepeat) throw failure

      await deadline.race(new Promise((resolve) => setTimeout(resolve, pauseMs)))
    }
  } catch (error) {
    throw deadline.over ? createUnavailable('timeout') : error
  } finally {
    deadline.stop()
  }
}

async function settle<Reply>(
  send: () => Promise<Reply>,
): Promise<{ readonly reply: Reply } | { readonly error: unknown }> {
  try {
    return { reply: await send() }
  } catch (error) {
    return { error }
  }
}
