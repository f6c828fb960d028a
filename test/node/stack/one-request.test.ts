import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { errorPage, portcullis, storedSessions } from '../../../src/index.ts'
import { exactLimiter, rateLimit } from '../../../src/limit/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { Browser } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'

interface Data {
  userId?: string
  visits?: number
}

describe.skipIf(noRedis)('limits and the session of a request', () => {
  let at: TestRedis
  let browser: Browser
  beforeAll(async () => {
    at = await startRedis()
  })
  afterAll(() => at.stop())

  beforeEach(async () => {
    await at.flush({ keepScripts: true })
    const client = redis({ url: at.url, token: at.token, timeoutMs: 10_000 })
    const limiter = (limit: number, window: number) =>
      exactLimiter({ redis: client, secret, limit, window })
    const session = storedSessions<Data>({
      secret,
      user: (d) => d.userId,
      store: upstashStore({ redis: client }),
    })
    const app = new Hono()
      .onError(errorPage({ report: () => {} }))
      .use(
        portcullis({
          session,
          rateLimit: {
            policies: [
              { name: 'minute', limiter: limiter(20, 60), key: () => 'everybody' },
              { name: 'day', limiter: limiter(1000, 86_400), key: () => 'everybody' },
            ],
          },
        }),
      )
      .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'ada' })) ?? null))
      .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
      .get('/count', async (c) =>
        c.json(await c.var.session.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))),
      )
      .get('/ignore', (c) => c.text('ok'))
    browser = new Browser(app)
  })

  async function requests(path: string): Promise<number> {
    const before = at.control.requests
    expect((await browser.fetch(path)).status).toBe(200)
    return at.control.requests - before
  }

  it('are one HTTP request to Redis for a signed-in read, and two with a write', async () => {
    await browser.fetch('/login')
    await browser.fetch('/read')
    await browser.fetch('/count')
    expect([await requests('/read'), await requests('/count'), await requests('/ignore')]).toEqual([
      1, 2, 1,
    ])
    expect(await browser.json('/read')).toEqual({ userId: 'ada', visits: 2 })
    expect(at.control.verbs.at(-1)?.length).toBeGreaterThanOrEqual(2)
  })

  it('are one for a stranger, whose session nobody asks for', async () => {
    await browser.fetch('/ignore')
    expect(await requests('/ignore')).toBe(1)
    expect(await requests('/read')).toBe(1)
  })

  it('end together in an outage: 503 for who has a session, and the cookie stays', async () => {
    await browser.fetch('/login')
    const cookie = browser.cookies.get('__Host-session')
    const undo = at.control.fault({ kind: 'error-html' }, { times: 50 })
    expect((await browser.fetch('/read')).status).toBe(503)
    undo()
    expect(browser.cookies.get('__Host-session')).toBe(cookie)
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
  })

  it('refuse with 429 as limits do', async () => {
    await browser.fetch('/login')
    let last = 200
    for (let i = 0; i < 25 && last === 200; i++) last = (await browser.fetch('/read')).status
    expect(last).toBe(429)
  })

  it('L2: a limit of the stack and one of a handler that share a limiter count together', async () => {
    const client = redis({ url: at.url, token: at.token, timeoutMs: 10_000 })
    const limiter = exactLimiter({ redis: client, secret, limit: 10, window: 60 })
    const limit = { name: 'api', limiter, key: () => 'ann' }
    const app = new Hono()
      .use(portcullis({ rateLimit: { ...limit, cost: 6 } }))
      .get('/six', rateLimit({ ...limit, cost: 6 }), (c) => c.text('done'))
      .get('/four', rateLimit({ ...limit, cost: 4 }), (c) => c.text('done'))
    expect((await app.request('/six')).status).toBe(429)
    await limiter.forget(JSON.stringify(['api', 'key', 'ann']))
    expect((await app.request('/four')).status).toBe(200)
    expect((await app.request('/four')).status).toBe(429)
  })
})
