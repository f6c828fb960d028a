import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import {
  type LoginGateOptions,
  type LoginThrottleEnv,
  loginThrottle,
  memoryThrottle,
  type ThrottleStore,
} from '../../src/limit/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

const noon = Date.UTC(2026, 10, 20, 12)
const secret = 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3'
const zoe = 'zoe@example.com'

function app(more: Partial<LoginGateOptions> = {}) {
  const events: SecurityEvent[] = []
  const verified: string[] = []
  let now = noon
  const hono = new Hono<LoginThrottleEnv>()
    .use(
      loginThrottle({
        ...{ store: memoryThrottle(), secret, platform: 'cloudflare', clock: () => now },
        onEvent: (event) => events.push(event),
        ...more,
      }),
    )
    .post('/login', async (c) => {
      const { email, password } = await c.req.json<{ email: unknown; password: unknown }>()
      const throttle = c.var.loginThrottle
      const refused = await throttle.attempt(email)
      if (refused) return refused
      verified.push(`${email}`)
      if (password === 'broken') {
        await throttle.cancel()
        return c.text('later', 500)
      }
      if (password !== 'right') {
        await throttle.fail()
        return c.text(`wrong ${throttle.pressure ?? 0}`, 401)
      }
      await throttle.succeed()
      return new Response('welcome', { headers: { 'set-cookie': 'a=1' } })
    })
    .post(
      '/silent',
      async (c) => (await c.var.loginThrottle.attempt(zoe)) ?? c.text('nothing said', 401),
    )
    // Fifty aliases of a GraphQL login, say.
    .post('/many', async (c) => {
      const { email } = await c.req.json<{ email: string[] }>()
      const refused = await Promise.allSettled(email.map((one) => c.var.loginThrottle.attempt(one)))
      for (const { status } of refused) if (status === 'fulfilled') verified.push('one')
      return c.text('')
    })
    .post('/early', async (c) => {
      await c.var.loginThrottle.succeed()
      return c.text('')
    })
  hono.onError((error, c) => c.text(error.message, 500))
  return {
    events,
    verified,
    elapse(ms: number): void {
      now += ms
    },
    async login(
      email: unknown,
      password = 'wrong',
      headers: Record<string, string> = {},
      path = '/login',
    ) {
      const init = { method: 'POST', body: JSON.stringify({ email, password }) }
      return hono.request(path, {
        ...init,
        headers: { 'cf-connecting-ip': '192.0.2.1', ...headers },
      })
    },
  }
}

describe('loginThrottle', () => {
  it('lets five wrong passwords reach the verifier, then answers 429 with Retry-After', async () => {
    const at = app()
    for (let i = 0; i < 5; i++) expect((await at.login(zoe)).status).toBe(401)
    const refused = await at.login(zoe, 'right')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(at.verified.length).toBe(5)
    expect(at.events).toEqual([{ type: 'login-throttled', reason: 'pair', subject: 'login' }])
    at.elapse(1000)
    expect((await at.login(zoe, 'right')).status).toBe(200)
  })

  it('200 at once with a limit of five: exactly five are verified', async () => {
    const at = app()
    await Promise.all(Array.from({ length: 200 }, () => at.login(zoe)))
    expect(at.verified.length).toBe(5)
  })

  it('counts a try of which nobody says what became of it', async () => {
    const at = app()
    for (let i = 0; i < 5; i++) expect((await at.login(zoe, '', {}, '/silent')).status).toBe(401)
    expect((await at.login(zoe, '', {}, '/silent')).status).toBe(429)
  })

  it('forgets after a success, takes back what was cancelled', async () => {
    const at = app()
    for (let i = 0; i < 4; i++) await at.login(zoe)
    for (let i = 0; i < 9; i++) expect((await at.login(zoe, 'broken')).status).toBe(500)
    expect((await at.login(zoe, 'right')).status).toBe(200)
    for (let i = 0; i < 5; i++) expect((await at.login(zoe)).status).toBe(401)
    expect((await at.login(zoe)).status).toBe(429)
  })

  it('gives the device a cookie, also on an answer that the handler made itself', async () => {
    const at = app()
    const response = await at.login(zoe, 'right')
    const [own, device = ''] = response.headers.getSetCookie()
    expect(own).toBe('a=1')
    expect(device).toMatch(
      /^__Host-device=[\w.-]+; Max-Age=7776000; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(response.headers.get('cache-control')).toBe('no-store')
    for (let i = 0; i < 6; i++) await at.login(zoe)
    const cookie = device.split(';', 1)[0] ?? ''
    expect((await at.login(zoe, 'right', { cookie })).status).toBe(200)
  })

  it('gives none where it is told not to, and then knows none', async () => {
    const at = app({ device: false })
    expect((await at.login(zoe, 'right')).headers.getSetCookie()).toEqual(['a=1'])
  })

  it.each([[undefined], [''], [['a', 'b']], [{ $ne: '' }], [7], ['a'.repeat(400)]])(
    'an account of %j is 400, and charged to the address',
    async (email) => {
      const at = app({ perAddress: 2 })
      expect((await at.login(email)).status).toBe(400)
      expect((await at.login(email)).status).toBe(400)
      expect((await at.login(zoe)).status).toBe(429)
      expect(at.verified).toEqual([])
    },
  )

  it('tells the handler of pressure', async () => {
    const at = app()
    for (let i = 0; i < 10; i++) await at.login(zoe, 'x', { 'cf-connecting-ip': `10.0.0.${i}` })
    expect(await (await at.login(zoe, 'x', { 'cf-connecting-ip': '10.0.1.1' })).text()).toBe(
      'wrong 10',
    )
  })

  it('who has no address shares one', async () => {
    const at = app({ platform: 'none', perAddress: 3 })
    for (let i = 0; i < 3; i++) await at.login(`user-${i}@example.com`)
    expect((await at.login(zoe)).status).toBe(429)
  })

  it('answers 503 while the store cannot be asked, and verifies nothing', async () => {
    const down = async (): Promise<never> => {
      throw new PortcullisError('ERR_STORE_UNAVAILABLE', 'Redis is not available (timeout)')
    }
    const at = app({ store: { attempt: down, settle: down } })
    const response = await at.login(zoe, 'right')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
    expect(at.verified).toEqual([])
    expect(at.events).toEqual([{ type: 'login-store-unavailable', subject: 'login' }])
  })

  it('signs in who was verified though the count could not be settled', async () => {
    const store: ThrottleStore = {
      attempt: memoryThrottle().attempt,
      settle: () =>
        Promise.reject(
          new PortcullisError('ERR_STORE_UNAVAILABLE', 'Redis is not available (timeout)'),
        ),
    }
    const at = app({ store })
    expect((await at.login(zoe, 'right')).status).toBe(200)
    expect(at.events).toEqual([{ type: 'login-unsettled', reason: 'success', subject: 'login' }])
  })

  it('answers as it is told', async () => {
    const at = app({
      limit: 1,
      refuse: ({ reason, retryAfter }) => new Response(`${reason} ${retryAfter}`),
    })
    await at.login(zoe)
    expect(await (await at.login(zoe)).text()).toBe('rate-limited 1')
  })

  it('that only observes tells the same, and refuses nobody', async () => {
    const at = app({ mode: 'observe' })
    for (let i = 0; i < 7; i++) expect((await at.login(zoe)).status).toBe(401)
    expect(at.events).toEqual([
      { type: 'login-throttle-observed', reason: 'pair', subject: 'login' },
      { type: 'login-throttle-observed', reason: 'pair', subject: 'login' },
    ])
    expect((await at.login(zoe, 'right')).status).toBe(200)
    const down = async (): Promise<never> => {
      throw new PortcullisError('ERR_STORE_UNAVAILABLE', 'Redis is not available (timeout)')
    }
    const without = app({ mode: 'observe', store: { attempt: down, settle: down } })
    expect((await without.login(zoe, 'right')).status).toBe(200)
    expect(without.events).toEqual([{ type: 'login-store-unavailable', subject: 'login' }])
  })

  it('lets one request try one login', async () => {
    const at = app()
    await at.login(
      Array.from({ length: 50 }, (_, i) => `user-${i}@example.com`),
      '',
      {},
      '/many',
    )
    expect(at.verified).toEqual(['one'])
  })

  it('cannot be told of a success before it was asked', async () => {
    expect((await app().login(zoe, '', {}, '/early')).status).toBe(500)
  })

  it('names every option that is wrong', () => {
    const build = (options: object) => () => loginThrottle(options as LoginGateOptions)
    expect(build({})).toThrow(
      'loginThrottle.store is required; loginThrottle.secret is required; ' +
        "loginThrottle.platform must be 'cloudflare', 'vercel', 'none' or { hops: 1 to 16 }",
    )
    const good = { store: memoryThrottle(), secret, platform: 'none' }
    expect(build({ ...good, limt: 5 })).toThrow(
      'loginThrottle.limt is not an option; did you mean limit?',
    )
    expect(build({ ...good, slowAt: 101 })).toThrow(
      'loginThrottle.slowAt must be a whole number of failures from 1 to 100',
    )
    expect(build({ ...good, device: { name: 'a b' } })).toThrow('loginThrottle.device.name')
    expect(build({ ...good, secret: 'short' })).toThrow('loginThrottle.secret')
    expect(build({ ...good, store: {} })).toThrow(
      'loginThrottle.store must be a store such as redisThrottle({ redis })',
    )
  })
})
