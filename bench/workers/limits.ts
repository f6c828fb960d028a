/** One limiter behind each address: 200 where it lets pass, 429 where it does not. */
import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis/cloudflare'
import { type Context, Hono } from 'hono'
import { rateLimiter } from 'hono-rate-limiter'
import { exactLimiter } from '../../src/limit/exact/exact.ts'
import { memoryLimiter } from '../../src/limit/memory/memory.ts'
import { upstashLimiter } from '../../src/limit/upstash.ts'
import { redis } from '../../src/redis/redis.ts'
import { secret } from './data.ts'

interface Env {
  URL: string
  TOKEN: string
}
type Take = (key: string, env: Env) => Promise<boolean>
interface Rate {
  limit: number
  /** Seconds. */
  window: number
}

const client = redis({
  url: (c: { env: Env }) => c.env.URL,
  token: (c: { env: Env }) => c.env.TOKEN,
})

export const kinds: Readonly<Record<string, (rate: Rate) => Take>> = {
  exact(rate) {
    const limiter = exactLimiter({ ...rate, redis: client, secret })
    return async (key, env) => (await limiter.take(key, 1, { env })).allowed
  },
  sliding(rate) {
    const limiter = upstashLimiter({ ...rate, redis: client, secret })
    return async (key, env) => (await limiter.take(key, 1, { env })).allowed
  },
  memory(rate) {
    const limiter = memoryLimiter(rate)
    return async (key) => (await limiter.take(key)).allowed
  },
  'upstash-sliding': ({ limit, window }) =>
    upstash(() => Ratelimit.slidingWindow(limit, `${window} s`)),
  'upstash-fixed': ({ limit, window }) =>
    upstash(() => Ratelimit.fixedWindow(limit, `${window} s`)),
  'upstash-bucket': ({ limit, window }) =>
    upstash(() => Ratelimit.tokenBucket(limit, `${window} s`, limit)),
}

function upstash(algorithm: () => ReturnType<typeof Ratelimit.slidingWindow>): Take {
  let limiter: Ratelimit | undefined
  return async (key, env) => {
    limiter ??= new Ratelimit({
      redis: new Redis({ url: env.URL, token: env.TOKEN }),
      limiter: algorithm(),
    })
    return (await limiter.limit(key)).success
  }
}

export function limited(kind: string, rate: Rate): object {
  if (kind === 'hono-rate-limiter') {
    const keyGenerator = (c: Context): string => c.req.query('key') ?? ''
    // Its memory store sets a timer, which Workers forbid while a module loads.
    let app: Hono | undefined
    const made = (): Hono =>
      new Hono()
        .use(
          rateLimiter({
            windowMs: rate.window * 1000,
            limit: rate.limit,
            keyGenerator,
            standardHeaders: false,
          }) as never,
        )
        .get('/take', (c) => c.text('ok')) as unknown as Hono
    return {
      fetch(request: Request) {
        app ??= made()
        return app.fetch(request)
      },
    }
  }
  const take = kinds[kind]?.(rate) as Take
  return new Hono<{ Bindings: Env }>().get('/take', async (c) =>
    (await take(c.req.query('key') ?? '', c.env)) ? c.text('ok') : c.text('no', 429),
  )
}
