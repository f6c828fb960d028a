/** What docs/comparison.md says of others, asked of the very packages: a cell that stops being true fails here. */
import { readFileSync } from 'node:fs'
import { Ratelimit } from '@upstash/ratelimit'
import { Redis } from '@upstash/redis/cloudflare'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { MemoryStore, type Session, sessionMiddleware } from 'hono-sessions'
import { getIronSession, sealData } from 'iron-session'
import { describe, expect, it } from 'vitest'

const page = readFileSync('docs/comparison.md', 'utf8')
const password = 'a password of at least 32 characters'

function version(name: string): string {
  const manifest = JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as {
    version: string
  }
  return manifest.version
}

it.each(['iron-session', 'hono-sessions', 'hono', '@upstash/ratelimit'])(
  'speaks of the %s that is here',
  (name) => {
    expect(page).toContain(`${name} ${version(name)}`)
  },
)

describe('iron-session', () => {
  const open = async (cookie: string, name = 'session') => {
    const headers = new Headers()
    const request = new Request('https://a.example/', { headers: { cookie } })
    const session = await getIronSession<{ user?: string }>(
      request,
      new Response(null, { headers }),
      {
        cookieName: name,
        password,
      },
    )
    return session
  }
  const login = async (): Promise<{ header: string; cookie: string }> => {
    const response = new Response()
    const request = new Request('https://a.example/')
    const session = await getIronSession<{ user?: string }>(request, response, {
      cookieName: 'session',
      password,
    })
    session.user = 'alice'
    await session.save()
    const header = response.headers.get('set-cookie') ?? ''
    return { header, cookie: header.split(';')[0] ?? '' }
  }

  it('sends HttpOnly, Secure and Lax by default, under a name without prefix', async () => {
    const { header } = await login()
    expect(header).toMatch(/^session=Fe26\.2/)
    expect(header).toMatch(/; HttpOnly; Secure; SameSite=Lax$/)
  })

  it('opens the cookie that was logged out', async () => {
    const { cookie } = await login()
    ;(await open(cookie)).destroy()
    expect((await open(cookie)).user).toBe('alice')
  })

  it('opens a seal that was made for something else', async () => {
    const seal = await sealData({ user: 'mallory' }, { password })
    expect((await open(`session=${seal}`)).user).toBe('mallory')
  })
})

describe('hono-sessions', () => {
  interface Row {
    _data: Record<string, unknown>
  }
  class Store extends MemoryStore {
    broken = false
    calls: string[] = []
    override getSessionById(id: string): ReturnType<MemoryStore['getSessionById']> {
      this.calls.push('get')
      if (this.broken) throw new Error('away')
      return super.getSessionById(id)
    }
    override createSession(id: string, data: never): ReturnType<MemoryStore['createSession']> {
      this.calls.push('create')
      return super.createSession(id, data)
    }
    override persistSessionData(
      id: string,
      data: never,
    ): ReturnType<MemoryStore['persistSessionData']> {
      this.calls.push('persist')
      return super.persistSessionData(id, data)
    }
  }
  const made = () => {
    const store = new Store()
    const app = new Hono<{ Variables: { session: Session<Row['_data']> } }>()
      .use(sessionMiddleware({ store, encryptionKey: password }))
      .get('/', (c) => c.text('page'))
      .get('/login', (c) => {
        c.get('session').set('user', 'alice')
        return c.text('in')
      })
    return { store, app }
  }

  it('sends a cookie without HttpOnly, Secure or SameSite by default, and writes twice, for a visitor who only reads', async () => {
    const { store, app } = made()
    const header = (await app.request('/')).headers.get('set-cookie') ?? ''
    expect(header).toMatch(/^session=/)
    expect(header).not.toMatch(/HttpOnly|Secure|SameSite/i)
    expect(store.calls).toEqual(['create', 'persist'])
  })

  it('writes on every request of a session', async () => {
    const { store, app } = made()
    const cookie = (await app.request('/login')).headers.get('set-cookie')?.split(';')[0] ?? ''
    store.calls = []
    await app.request('/', { headers: { cookie } })
    expect(store.calls).toEqual(['get', 'persist'])
  })

  it('gives a signed-in user a new, empty session while the store is away', async () => {
    const { store, app } = made()
    const cookie = (await app.request('/login')).headers.get('set-cookie')?.split(';')[0] ?? ''
    store.broken = true
    const answer = await app.request('/', { headers: { cookie } })
    expect(answer.status).toBe(200)
    expect(store.calls.slice(-2)).toEqual(['create', 'persist'])
    expect(answer.headers.get('set-cookie')?.split(';')[0]).not.toBe(cookie)
  })
})

describe('hono/secure-headers', () => {
  it('sends no policy for scripts, no Permissions-Policy, and HSTS of 180 days, also over plain http', async () => {
    const { headers } = await new Hono().use(secureHeaders()).request('http://localhost/')
    expect(headers.get('content-security-policy')).toBeNull()
    expect(headers.get('permissions-policy')).toBeNull()
    expect(headers.get('strict-transport-security')).toBe('max-age=15552000; includeSubDomains')
  })

  it('sends what is no policy', async () => {
    const headers = secureHeaders({ contentSecurityPolicy: { defaultSrc: ['self; script-src *'] } })
    const answer = await new Hono().use(headers).request('/')
    expect(answer.headers.get('content-security-policy')).toBe('default-src self; script-src *')
  })

  it('answers 500 where the response of an upstream cannot be changed', async () => {
    const app = new Hono()
      .use(secureHeaders())
      .get('/', () => Response.redirect('https://a.example/'))
    expect((await app.request('/')).status).toBe(500)
  })
})

describe('@upstash/ratelimit', () => {
  it('lets pass when Redis does not answer in time', async () => {
    const redis = new Redis({ url: 'https://redis.example', token: 'none', enableTelemetry: false })
    // Nothing leaves this process: the command waits for ever.
    Object.assign(redis, {
      evalsha: () => new Promise(() => {}),
      eval: () => new Promise(() => {}),
    })
    const limiter = new Ratelimit({
      redis,
      limiter: Ratelimit.slidingWindow(1, '10 s'),
      timeout: 20,
      analytics: false,
    })
    expect(await limiter.limit('anybody')).toMatchObject({ success: true, reason: 'timeout' })
  })
})
