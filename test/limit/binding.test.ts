import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { bindingLimiter, type RateLimitBinding, rateLimit } from '../../src/limit/index.ts'

/** A binding as Workers have it, which keeps the keys it was asked for. */
function binding(limit: number): RateLimitBinding & { readonly keys: string[] } {
  const keys: string[] = []
  return {
    keys,
    async limit({ key }) {
      keys.push(key)
      return { success: keys.filter((each) => each === key).length <= limit }
    },
  }
}

describe('bindingLimiter', () => {
  it('says what the binding says, and no more', async () => {
    const limiter = bindingLimiter({ binding: binding(1), limit: 1, window: 10 })
    const first = await limiter.take('a')
    expect(first).toMatchObject({
      allowed: true,
      limit: 1,
      remaining: undefined,
      retryAfter: 0,
      degraded: false,
    })
    const second = await limiter.take('a')
    expect(second).toMatchObject({ allowed: false, limit: 1, remaining: 0, retryAfter: 10 })
    expect(second.retryAt - first.retryAt).toBeGreaterThanOrEqual(10_000)
    await expect(limiter.take('a', 2)).rejects.toThrow(RangeError)
    await expect(limiter.take('a', 0)).rejects.toThrow(RangeError)
  })

  it('finds its binding in the environment, and shields what stands behind it', async () => {
    const shield = binding(2)
    const made = new Hono<{ Bindings: { SHIELD: RateLimitBinding } }>()
    const limiter = bindingLimiter({
      binding: ({ env }) => (env as unknown as { SHIELD: RateLimitBinding }).SHIELD,
      limit: 2,
      window: 60,
    })
    made.use(rateLimit({ limiter, platform: 'cloudflare' }))
    made.get('/', (c) => c.text('done'))
    const headers = { 'CF-Connecting-IP': '203.0.113.9' }
    const responses = []
    for (let i = 0; i < 3; i++)
      responses.push(await made.request('/', { headers }, { SHIELD: shield }))
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(responses.map(({ headers }) => headers.get('RateLimit'))).toEqual([
      null,
      null,
      '"default";r=0;t=60',
    ])
    expect(responses[0]?.headers.get('RateLimit-Policy')).toBe('"default";q=2;w=60')
    expect(responses[2]?.headers.get('Retry-After')).toBe('60')
  })

  it('that fails is an outage: it lets nobody pass by itself', async () => {
    const broken = { limit: () => Promise.reject(new Error('internal')) }
    const made = new Hono()
    const limiter = bindingLimiter({ binding: broken, limit: 2, window: 60 })
    made.use(rateLimit({ limiter, platform: 'cloudflare', onOutage: 'closed' }))
    expect((await made.request('/')).status).toBe(503)
    const odd = bindingLimiter({
      binding: { limit: async () => ({}) as never },
      limit: 2,
      window: 60,
    })
    expect((await odd.take('a')).allowed).toBe(false)
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [undefined, ['', 'binding', 'limit', 'window']],
    [{ binding: {}, limit: 1, window: 10 }, ['binding']],
    [{ binding: binding(1), limit: 0, window: 30 }, ['limit', 'window']],
    [{ binding: binding(1), limit: 1, window: 10, key: 'a' }, ['key']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => bindingLimiter(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: faults.map((name) =>
          expect.objectContaining({ option: name ? `bindingLimiter.${name}` : 'bindingLimiter' }),
        ),
      }),
    )
  })
})
