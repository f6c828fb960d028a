/** A Worker that limits by Redis, without Node: the contract at `/contract`, and a request with session and limits at `/`. */
import { Hono } from 'hono'
import { exactLimiter, limitGate } from '../../../src/limit/index.ts'
import { upstashLimiter } from '../../../src/limit/upstash.ts'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { limiterContract } from '../../../src/testing/index.ts'

interface Env {
  REDIS_URL: string
  REDIS_TOKEN: string
  SECRET: string
}

// At module scope, as in an application: nothing here may reach for the network, time or randomness.
const client = redis({
  url: ({ env }) => (env as unknown as Env).REDIS_URL,
  token: ({ env }) => (env as unknown as Env).REDIS_TOKEN,
  timeoutMs: 10_000,
})
const secret = ({ env }: { env: unknown }): string => (env as Env).SECRET
const store = upstashStore({ redis: client })
const gate = limitGate({
  platform: 'cloudflare',
  policies: [
    { name: 'exact', limiter: exactLimiter({ redis: client, secret, limit: 3, window: 3_600 }) },
    {
      name: 'sliding',
      limiter: upstashLimiter({ redis: client, secret, limit: 100, window: 3_600 }),
    },
  ],
})

/** Lets time pass for what Redis holds: every expiry comes nearer. */
async function elapse(env: Env, ms: number): Promise<void> {
  const lua = `for _, key in ipairs(redis.call('KEYS', '*')) do
    redis.call('PEXPIRE', key, math.max(0, redis.call('PTTL', key) - tonumber(ARGV[1])))
  end`
  const headers = { authorization: `Bearer ${env.REDIS_TOKEN}` }
  const response = await fetch(env.REDIS_URL, {
    method: 'POST',
    headers,
    body: JSON.stringify(['EVAL', lua, 0, ms]),
  })
  if (!response.ok) throw new Error(await response.text())
}

function same(value: unknown, expected: unknown): void {
  const [got, wanted] = [value, expected].map((each) => JSON.stringify(each))
  if (got !== wanted) throw new Error(`${got} is not ${wanted}`)
}

async function contract(env: Env): Promise<Response> {
  const tests: Array<[title: string, body: () => Promise<void>]> = []
  let [now, made] = [Date.UTC(2026, 10, 20, 12), 0]
  limiterContract(
    {
      describe: (_, body) => body(),
      it: (title, body) => tests.push([title, body]),
      expect: (value) => ({ toEqual: (expected) => same(value, expected) }),
    },
    (rate) => ({
      // Each test has keys of its own.
      limiter: exactLimiter({
        redis: client,
        secret,
        prefix: `test-${made++}:`,
        clock: () => now,
        ...rate,
      }),
      context: { env },
      now: () => now,
      elapse(ms): Promise<void> {
        now += ms
        return elapse(env, ms)
      },
      setBack(ms): void {
        now -= ms
      },
    }),
  )
  const failures: string[] = []
  for (const [title, body] of tests)
    await body().catch((error: Error) => failures.push(`${title}: ${error.message}`))
  return Response.json({ count: tests.length, failures })
}

const app = new Hono<{ Bindings: Env }>()
  .get('/contract', (c) => contract(c.env))
  .get('/', async (c) => {
    const limits = await gate.prepare(c)
    const ask = client.ask(c.env)
    const decision = limits?.decide(() => ask)
    const now = Date.now()
    const { script, keys, args } = store.readRequest(
      { key: 'DIGEST' },
      { now, idle: 600_000, slice: 60_000 },
    )
    const reply = ask.call(script, keys, args)
    await ask.send()
    const session = store.readReply(await reply).is
    const { refused, decorate } = (await decision) ?? {
      refused: undefined,
      decorate: (response: Response) => response,
    }
    return refused ?? decorate(c.text(session))
  })

export default app
