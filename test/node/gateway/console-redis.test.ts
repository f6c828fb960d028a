/** The console of several isolates over a real Redis: one picture, in a space that does not grow. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createRedisStore } from '../../../src/gateway/console/counts/store.ts'
import { createView } from '../../../src/gateway/console/page/view.ts'
import { gatewayConsole } from '../../../src/gateway/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { type Bench, bench, type Data, signIn } from '../../gateway/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('a console over Redis', () => {
  let server: TestRedis
  let now = Date.now()
  const clock = (): number => now
  const createClient = (): ReturnType<typeof redis> =>
    redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush())

  async function flush(store: ReturnType<typeof createRedisStore>): Promise<void> {
    const work: Promise<unknown>[] = []
    now += 2000
    store.flush({}, (promise) => work.push(promise))
    await Promise.all(work)
  }

  test('shows what every isolate has counted', async () => {
    const [first, second] = [
      createRedisStore(createClient(), clock),
      createRedisStore(createClient(), clock),
    ]
    first.add(now, 'reason', 'no-session', 2)
    first.setState('breaker app', { type: 'breaker-opened', reason: undefined, at: now })
    second.add(now, 'reason', 'no-session')
    await flush(first)
    await flush(second)
    const { data, degraded } = await createRedisStore(createClient(), clock).read({})
    expect(degraded).toBe(false)
    const view = createView(data, ['app'], now)
    expect(view.refusals).toMatchObject([{ name: 'no-session', total: 3 }])
    expect(view.upstreams[0]?.breaker?.type).toBe('breaker-opened')
  })

  test('keeps 50 requests and 300 names of a minute, each key with an end', async () => {
    const store = createRedisStore(createClient(), clock)
    for (let turn = 0; turn < 12; turn++) {
      for (let index = 0; index < 100; index++) {
        store.add(now, 'csp', `report img-src https://${turn}-${index}.example`)
        store.remember({
          ...{ id: `${turn}-${index}`, at: now, method: 'GET', status: 200, millis: 1 },
          ...{ decision: 'passed', route: '/*', reason: undefined },
          ...{ upstream: 'app', client: undefined },
        })
      }
      await flush(store)
    }
    const keys = Object.entries(await server.raw.dump())
    expect(keys.length).toBeLessThanOrEqual(3)
    for (const [, { ttl }] of keys) expect(ttl).toBeGreaterThan(0)
    const minutes = keys.filter(([key]) => /:\d+$/.test(key))
    const sizes = minutes.map(([, { value }]) => Object.keys(value as object).length)
    for (const size of sizes) expect(size).toBeLessThanOrEqual(301)
    const counts = minutes.flatMap(([, { value }]) => Object.values(value as object).map(Number))
    expect(counts.reduce((a, b) => a + b, 0)).toBe(1200)
    const { data } = await store.read({})
    expect(data.recent).toHaveLength(50)
    expect(data.recent[0]?.id).toBe('11-99')
  })

  test('shows the counts of its own isolate, and says so, where Redis gives no answer', async () => {
    const store = createRedisStore(
      redis({ url: 'http://127.0.0.1:9', token: server.token, timeoutMs: 500 }),
      clock,
    )
    store.add(now, 'reason', 'no-session')
    await flush(store)
    const { data, degraded } = await store.read({})
    expect(degraded).toBe(true)
    expect(createView(data, [], now).refusals).toMatchObject([{ name: 'no-session', total: 1 }])
  })

  test('holds no user, address, path or secret', async () => {
    const at: Bench = await bench({
      clock,
      console: gatewayConsole<Data>({ access: { role: 'admin' }, redis: createClient() }),
    })
    const cookie = await signIn(at, { user: 'ada@example.com', roles: ['admin'] })
    const work: Promise<unknown>[] = []
    const ask = async (path: string): Promise<Response> => {
      now += 2000
      const url = `https://app.example.com${path}`
      const headers = { cookie, 'cf-connecting-ip': '203.0.113.77' }
      const waitUntil = (promise: Promise<unknown>): unknown => work.push(promise)
      return at.gateway.fetch(new Request(url, { headers }), {} as never, { waitUntil } as never)
    }
    await ask('/admin/p4th-s3cret?q=qu3ry-s3cret')
    await ask('/account')
    await Promise.all(work)
    const text = await server.raw.text()
    expect(text).toContain('/admin/*')
    for (const held of ['ada@', 's3cret', '203.0.113.77', cookie.split('=')[1] ?? ''])
      expect(text).not.toContain(held)
    const page = await (await ask('/.portcullis/console')).text()
    expect(page).toContain('Counts of all isolates, kept in Redis.')
    expect(page).toContain('<code>/admin/*</code>')
  })
})
