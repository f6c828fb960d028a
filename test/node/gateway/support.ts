/** The gateway of gateway.fixture.ts in bare workerd, in front of an origin that records. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { assertionKey } from '../../../tools/dev/secret.ts'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

export interface Pair {
  readonly worker: Workerd
  readonly origin: Origin
  stop(): Promise<void>
}

export const publicOrigin = 'http://gateway.test'

/** Starts both; `bindings` replaces some of the Worker's. */
export async function startPair(bindings: Record<string, string> = {}): Promise<Pair> {
  const origin = await startOrigin()
  const worker = await startWorkerd(
    { entry: 'test/node/gateway/gateway.fixture.ts' },
    {
      bindings: {
        PUBLIC_ORIGIN: publicOrigin,
        UPSTREAM_URL: origin.url,
        STREAM_URL: origin.url,
        DEAD_URL: `http://127.0.0.1:${await closedPort()}`,
        SESSION_SECRET: 'Zq7pVx2nLr9tYw4cKm6bHs1dGf3jTa8e',
        ASSERTION_KEY: await assertionKey(),
        ...bindings,
      },
    },
  )
  return {
    worker,
    origin,
    async stop(): Promise<void> {
      await worker.stop()
      await origin.stop()
    },
  }
}

/** A port on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
