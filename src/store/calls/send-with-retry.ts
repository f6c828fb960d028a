/**
 * Sends a call to a database within a time limit, and retries it once where that may help. The
 * stores in Durable Objects, Postgres and D1 call it. It throws a `StoreError`; verbs that write
 * carry an id, so a repeated one counts once.
 */
import { startDeadline } from '../../redis/deadline.ts'
import type { StoreError } from '../../redis/failure.ts'

/** How to send, and what its errors mean. */
export interface SendPolicy {
  /** Milliseconds for all tries. */
  readonly timeoutMs: number
  /** Milliseconds before another try. */
  readonly pauseMs: number
  /** Tries after a `conflict`, which says that nothing was done. Default 0. */
  readonly maxConflicts?: number
  /** Tells what an error means, and keeps no text of it. */
  createFailure(error: unknown): StoreError
  createUnavailable(reason: string): StoreError
}

/**
 * Sends until there is an answer, or a failure that another try would not cure. Whatever may pass is tried once more:
 * verbs that write carry an id of the write.
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
      const again =
        failure.reason === 'conflict'
          ? conflicts++ < maxConflicts
          : failure.code === 'ERR_STORE_UNAVAILABLE' && failures++ < 1

      if (!again) throw failure

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
