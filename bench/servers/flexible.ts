/** rate-limiter-flexible on the same Redis, over TCP from Node: it has no client for Workers. */
import { RateLimiterRedis } from 'rate-limiter-flexible'
import { createClient } from 'redis'

export async function startFlexible(
  socket: string,
  { limit, window }: { limit: number; window: number },
): Promise<{ take(key: string): Promise<boolean>; stop(): Promise<void> }> {
  const client = createClient({ socket: { path: socket, tls: false } })
  client.on('error', () => {}) // what a command met is thrown where it was asked for
  await client.connect()
  const limiter = new RateLimiterRedis({
    storeClient: client,
    useRedisPackage: true,
    points: limit,
    duration: window,
  })
  return {
    take: (key) =>
      limiter.consume(key).then(
        () => true,
        (refused) => {
          if (refused instanceof Error) throw refused
          return false
        },
      ),
    stop: async () => void (await client.close()),
  }
}
