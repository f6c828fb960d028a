/** A Worker that runs the store contract on Redis, without Node. */
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { storeContract } from '../../../src/testing/index.ts'

interface Env {
  REDIS_URL: string
  REDIS_TOKEN: string
}

// At module scope, as in an application: nothing here may reach for the network, time or randomness.
const store = upstashStore({
  redis: redis({
    url: ({ env }) => (env as unknown as Env).REDIS_URL,
    token: ({ env }) => (env as unknown as Env).REDIS_TOKEN,
    timeoutMs: 10_000,
  }),
  maxPerUser: 5,
})

/** Lets time pass for what Redis holds: every expiry comes nearer. */
async function elapse(env: Env, ms: number): Promise<void> {
  const lua = `for _, key in ipairs(redis.call('KEYS', '*')) do
    redis.call('PEXPIRE', key, math.max(0, redis.call('PTTL', key) - tonumber(ARGV[1])))
  end`
  const response = await fetch(env.REDIS_URL, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.REDIS_TOKEN}` },
    body: JSON.stringify(['EVAL', lua, 0, ms]),
  })
  if (!response.ok) throw new Error(await response.text())
}

/** Enough of `expect` for the contract, where vitest is not. */
function same(value: unknown, expected: unknown): void {
  const [got, wanted] = [sorted(value), sorted(expected)]
  if (got !== wanted) throw new Error(`${got} is not ${wanted}`)
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

export default {
  async fetch(_: Request, env: Env): Promise<Response> {
    const tests: Array<[title: string, body: () => Promise<void>]> = []
    let now = Date.UTC(2026, 10, 20, 12)
    storeContract(
      {
        describe: (_, body) => body(),
        it: (title, body) => tests.push([title, body]),
        expect: (value) => ({ toEqual: (expected) => same(value, expected) }),
      },
      () => ({
        store,
        context: { env },
        maxPerUser: 5,
        now: () => now,
        elapse(ms): Promise<void> {
          now += ms
          return elapse(env, ms)
        },
      }),
    )
    const failures: string[] = []
    for (const [title, body] of tests) {
      await body().catch((error: Error) => failures.push(`${title}: ${error.message}`))
    }
    return Response.json({ count: tests.length, failures })
  },
}
