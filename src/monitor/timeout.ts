/**
 * Limits how long work may take, whether or not it listens to a signal. Probes, webhooks and
 * exports call it. It rejects with a `TimeoutError` when the time is up.
 */

/** The error with which {@link withTimeout} rejects when the time is up. */
export class TimeoutError extends Error {
  override readonly name = 'Late'
}

/**
 * Settles as the work does, or rejects with {@link Late}.
 *
 * @param timeoutMs - milliseconds. A timer that is cleared costs less than `AbortSignal.timeout`, which cannot be.
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
