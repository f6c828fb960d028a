/**
 * Limits how long an asynchronous operation may take, even if it ignores the abort signal that it
 * receives. The gateway's readiness check, the uptime check, webhooks and OTLP exports call it.
 * When the time is up it rejects with a `TimeoutError`. The operation itself may continue in the
 * background; its later result or error is ignored.
 */

/** The error with which {@link withTimeout} rejects when the time is up. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError'
}

/**
 * Settles as the operation does, or rejects with {@link TimeoutError} when the time is up, which
 * also aborts the signal.
 *
 * @param timeoutMs - milliseconds. It uses a timer instead of `AbortSignal.timeout`, which cannot
 *   be cleared.
 */
export async function withTimeout<T>(
  timeoutMs: number,
  runWork: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const timeoutPromise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TimeoutError(`not done within ${timeoutMs} ms`))
      controller.abort()
    }, timeoutMs)
  })

  try {
    return await Promise.race([runWork(controller.signal), timeoutPromise])
  } finally {
    clearTimeout(timer)
  }
}
