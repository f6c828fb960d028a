/** Limiters in a real Redis whose time the tests move. */
import { type ExactLimiterOptions, exactLimiter } from '../../../src/limit/index.ts'
import { type UpstashLimiterOptions, upstashLimiter } from '../../../src/limit/upstash.ts'
import { type Redis, redis } from '../../../src/redis/index.ts'
import type { LimiterUnderTest, Rate } from '../../../src/testing/index.ts'
import type { TestRedis } from '../../support/redis.ts'
import { elapse, immortal } from '../store/support.ts'

/** 2026-11-20, noon. */
export const noon: number = Date.UTC(2026, 10, 20, 12)
export const secret = 'qV7mZ2xT9rB4nK8wL1cD6yH3sJ5fG0pAuE'

/** A client as a Worker makes it: address and token come from the environment of each request. */
export function clientAt(server: TestRedis, timeoutMs = 10_000): { client: Redis; env: object } {
  const client = redis({
    url: ({ env }) => (env as { URL?: string }).URL,
    token: ({ env }) => (env as { TOKEN?: string }).TOKEN,
    timeoutMs,
  })
  return { client, env: { URL: server.url, TOKEN: server.token } }
}

/** For the contract: an empty Redis, time that stands still for the caller. */
export async function exactUnderTest(
  server: TestRedis,
  rate: Rate & Partial<ExactLimiterOptions>,
): Promise<LimiterUnderTest> {
  await server.flush({ keepScripts: true })
  const { client, env } = clientAt(server)
  let now = noon
  return {
    limiter: exactLimiter({ redis: client, secret, clock: () => now, ...rate }),
    context: { env },
    now: () => now,
    async elapse(ms): Promise<void> {
      now += ms
      await elapse(server, ms)
    },
    setBack(ms): void {
      now -= ms
    },
  }
}

/** The same for @upstash/ratelimit, which asks `Date.now`: until `restore` it says what the test says. */
export async function upstashUnderTest(
  server: TestRedis,
  rate: Rate & Partial<UpstashLimiterOptions>,
): Promise<LimiterUnderTest & { restore(): void }> {
  await server.flush({ keepScripts: true })
  const { client, env } = clientAt(server)
  const real = Date.now
  // Where a window begins, whatever its length in seconds.
  let now = Math.ceil(noon / 2_520_000) * 2_520_000
  Date.now = () => now
  return {
    limiter: upstashLimiter({ redis: client, secret, ...rate }),
    context: { env },
    now: () => now,
    async elapse(ms): Promise<void> {
      now += ms
      await elapse(server, ms)
    },
    restore(): void {
      Date.now = real
    },
  }
}

/** Keys that would stay for ever. */
export async function endless(server: TestRedis): Promise<unknown> {
  return immortal(server)
}
