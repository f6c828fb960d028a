/** The Redis of `npm run dev -- --redis`: a private redis-server, and Upstash's REST API in front of it on loopback. */
import { findRedisServer, startRedisServer } from './redis-http/redis-server.ts'
import { startRedisHttp } from './redis-http.ts'

/** A Redis that runs until it is stopped; nothing of it is on disk. */
export interface DevRedis {
  /** What the Worker is told. */
  readonly vars: Readonly<
    Record<'SESSION_STORE' | 'UPSTASH_REDIS_REST_URL' | 'UPSTASH_REDIS_REST_TOKEN', string>
  >
  /** For redis-cli: there is no port, so that nobody else's Redis is in the way. */
  readonly socket: string
  /** Resolves, with a sentence, when redis-server stops by itself. */
  readonly ended: Promise<string>
  stop(): Promise<void>
}

/** Starts both. Rejects with a message for whoever typed the command. */
export async function startDevRedis(): Promise<DevRedis> {
  const path = findRedisServer()
  if (path === undefined) {
    throw new Error(
      'There is no redis-server on the PATH. Install it (apt-get install redis-server, brew install redis), or set ' +
        'REDIS_SERVER_PATH. Without --redis, npm run dev needs none.',
    )
  }

  const server = await startRedisServer(path)
  const bridge = await startRedisHttp({ redisSocket: server.socket })

  return {
    vars: {
      SESSION_STORE: 'redis',
      UPSTASH_REDIS_REST_URL: bridge.url,
      UPSTASH_REDIS_REST_TOKEN: bridge.token,
    },
    socket: server.socket,
    ended: server.ended.then(() => 'The redis-server stopped.'),
    async stop(): Promise<void> {
      await bridge.stop()
      await server.stop()
    },
  }
}
