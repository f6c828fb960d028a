/**
 * Upstash's REST API in front of a real Redis, for development and tests.
 *
 * `node tools/dev/redis-http.ts [--port 7000] [--token secret] [--redis redis://127.0.0.1:6380]` starts a private
 * redis-server too, unless it is told where one is.
 */
import { parseArgs } from 'node:util'
import { findRedisServer, startRedisServer } from './redis-http/redis-server.ts'
import { startRedisHttp } from './redis-http/server.ts'

export type { Control, Fault, FaultOptions, Heard, Hold, Match } from './redis-http/control.ts'
export { type RedisHttp, type RedisHttpOptions, startRedisHttp } from './redis-http/server.ts'

if (import.meta.main ?? process.argv[1] === import.meta.filename) await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, token: { type: 'string' }, redis: { type: 'string' } },
  })
  const path = findRedisServer()

  if (!values.redis && !path) {
    console.error(
      'There is no redis-server: install it (apt-get install redis-server), or say --redis redis://host:port',
    )
    process.exit(1)
  }

  const server = values.redis ? undefined : await startRedisServer(path ?? '')
  const bridge = await startRedisHttp({
    ...(server ? { redisSocket: server.socket } : { redisUrl: values.redis ?? '' }),
    ...(values.port && { port: Number(values.port) }),
    ...(values.token && { token: values.token }),
  })

  console.log(`UPSTASH_REDIS_REST_URL=${bridge.url}\nUPSTASH_REDIS_REST_TOKEN=${bridge.token}`)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, async () => {
      await bridge.stop()
      await server?.stop()
      process.exit(0)
    })
  }
}
