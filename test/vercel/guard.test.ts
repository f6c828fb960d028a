import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { publicCache } from '../../src/gateway/index.ts'
import { type GuardOptions, vercel } from '../../src/vercel/index.ts'
import { cookieOf, type Data, idle, key, origin, seenByProject, sessionsAt } from './support.ts'

let now = 1_800_000_000_000
const sessions = sessionsAt(() => now)
const options: GuardOptions<Data> = {
  publicOrigin: origin,
  session: sessions,
  user: ({ user }) => user,
  roles: ({ roles }) => roles,
  signIn: '/login',
  assertion: { key },
  headers: { preset: 'recommended' },
  routes: [
    { path: '/', access: 'public' },
    { path: '/login', access: 'public' },
    { path: '/api/*', access: 'public' },
    { path: '/admin/*', access: { role: 'admin' } },
  ],
}
const proxy = vercel(options)
const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

function get(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return proxy(new Request(origin + path, { headers }))
}

describe('a guard in front of a project', () => {
  it('lets a public page through without a body, and without the type it was judged by', async () => {
    const answer = await get('/', page)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-middleware-next')).toBe('1')
    expect(answer.body).toBeNull()
    expect(answer.headers.get('content-type')).toBeNull()
    expect(answer.headers.get('set-cookie')).toBeNull()
  })

  it('sends a navigation to the login with an absolute address, and answers 401 to a fetch', async () => {
    const sent = await get('/account?a=1', page)
    expect(sent.status).toBe(303)
    expect(sent.headers.get('location')).toBe(
      'https://app.example.com/login?return_to=%2Faccount%3Fa%3D1',
    )
    expect(sent.headers.get('x-middleware-next')).toBeNull()
    expect((await get('/account')).status).toBe(401)
  })

  it.each([
    ['/account', ['user'], 200],
    ['/admin', ['user'], 403],
    ['/ADMIN/', ['user'], 403],
    ['/admin/x', ['admin'], 200],
  ])('answers %s to roles %j with %i', async (path, roles, status) => {
    const cookie = await cookieOf(sessions, { user: 'ada', roles })
    expect((await get(path, { cookie })).status).toBe(status)
  })

  // GET /pub/%2e%2e/admin HTTP/1.1: one reader sees /pub, another /admin.
  it.each(['//admin', '/%61dmin', '/api/%2e%2e%2fadmin', '/api%5c..%5cadmin'])(
    'never lets %s through',
    async (path) => {
      expect((await get(path)).headers.get('x-middleware-next')).toBeNull()
    },
  )

  it('answers 421 to another host and 403 to a form of another site', async () => {
    expect((await proxy(new Request('https://evil.example/'))).status).toBe(421)
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await proxy(new Request(`${origin}/api/x`, { method: 'POST', headers }))).status).toBe(
      403,
    )
  })

  // `next start` says localhost in every url; the Host header is what the client asked for.
  it.each([
    ['app.example.com', 200],
    ['APP.example.com', 200],
    ['evil.example', 421],
    ['app.example.com@evil.example', 400],
    ['app.example.com:8443', 421],
  ])(
    'judges the Host %s and not the url of a server that does not know it: %i',
    async (host, status) => {
      const headers = { host, 'x-forwarded-proto': 'https' }
      expect((await proxy(new Request('http://localhost:3000/', { headers }))).status).toBe(status)
    },
  )

  it('publishes its keys at an address of its own', async () => {
    expect(await (await get('/.portcullis/jwks.json')).json()).toMatchObject({
      keys: [{ alg: 'ES256' }],
    })
    expect((await get('/.portcullis/nothing')).status).toBe(404)
  })

  it('tells the project the nonce that is in the policy', async () => {
    const answer = await get('/', page)
    const nonce = /'nonce-([\w-]+)'/.exec(answer.headers.get('content-security-policy') ?? '')?.[1]
    expect(nonce?.length).toBe(24)
    const seen = seenByProject(new Headers(page), answer)
    expect(seen.get('content-security-policy')).toBe(`script-src 'nonce-${nonce}'`)
  })

  it('tells the project who is asking, in a request header and nowhere else', async () => {
    const cookie = await cookieOf(sessions, { user: 'ada', roles: [] })
    const answer = await get('/account', { cookie })
    const seen = seenByProject(new Headers({ cookie }), answer)
    expect(seen.get('portcullis-assertion')?.split('.').length).toBe(3)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('portcullis'))).toEqual([])
    expect(answer.headers.get('cache-control')).toBe('private, no-store')
  })
})

describe('the cookies of a request', () => {
  it('are those that this answer sets, where the session slid', async () => {
    const cookie = await cookieOf(sessions, { user: 'ada', roles: [] })
    now += (idle / 2) * 1000
    const client = { cookie: `a=1; ${cookie}; b=2` }
    const answer = await get('/account', client)
    const [set, ...more] = answer.headers.getSetCookie()
    expect(more).toEqual([])
    const fresh = set?.split(';')[0]
    expect(fresh).toMatch(/^__Host-session=/)
    expect(fresh).not.toBe(cookie)
    expect(seenByProject(new Headers(client), answer).get('cookie')).toBe(`a=1; b=2; ${fresh}`)
  })

  it('stay as they are where it did not', async () => {
    const cookie = await cookieOf(sessions, { user: 'ada', roles: [] })
    const answer = await get('/account', { cookie })
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(seenByProject(new Headers({ cookie }), answer).get('cookie')).toBe(cookie)
  })
})

describe('bodies', () => {
  function send(
    handler: typeof proxy,
    path: string,
    body: BodyInit,
    length?: string,
  ): Promise<Response> {
    const headers = { 'sec-fetch-site': 'same-origin', ...(length && { 'content-length': length }) }
    return handler(
      new Request(origin + path, { method: 'POST', body, headers, duplex: 'half' } as RequestInit),
    )
  }
  function chunks(count: number, size: number): ReadableStream {
    let left = count
    return new ReadableStream({
      pull(controller): void {
        if (left-- > 0) controller.enqueue(new Uint8Array(size))
        else controller.close()
      },
    })
  }

  // Next ends what is longer than 10 MB there and says nothing: the handler stores half a file.
  it.each([
    ['10485760', 200],
    ['10485761', 413],
    ['12, 12', 400],
  ])('that say they have %s bytes get %i', async (length, status) => {
    expect((await send(proxy, '/api/upload', chunks(1, 10), length)).status).toBe(status)
  })

  it.each([
    [1, 65_536, 200],
    [159, 65_536, 200],
    [160, 65_536, 413], // exactly 10 MB: nobody can tell it from a longer one that was cut
    [200, 65_536, 413],
  ])('that say nothing are counted: %i chunks of %i bytes get %i', async (count, size, status) => {
    expect((await send(proxy, '/api/upload', chunks(count, size))).status).toBe(status)
  })

  it.each([
    ['/small', '5', 200],
    ['/small', '6', 413],
    ['/', '100', 200],
    ['/', '101', 413],
  ])('to %s of %s bytes get %i where routes and guard say so', async (path, length, status) => {
    const routes = [{ path: '/small', access: 'public', maxBodyBytes: 5 }] as const
    const strict = vercel({ publicOrigin: origin, routes, maxBodyBytes: 100 })
    expect((await send(strict, path, chunks(1, 1), length)).status).toBe(status)
  })
})

describe('options', () => {
  it('that are wrong are named, all at once', () => {
    const wrong = {
      publicOrigin: 'app.example.com',
      upstreams: {},
      maxBodyBytes: -1,
      routes: [
        { path: '/a', to: 'x' },
        { path: 'b', access: 'public' },
        { path: '/c', maxBodyBytes: 20_000_000 },
        { path: '/d', access: 'public', cache: publicCache() },
      ],
      sigIn: '/login',
    }
    let error: unknown
    try {
      vercel(wrong as unknown as GuardOptions)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigError)
    const named = (error as ConfigError).faults.map(({ option }) => option)
    const wanted = [
      'upstreams',
      'maxBodyBytes',
      'routes.0.to',
      'routes.1.path',
      'routes.2.maxBodyBytes',
      'routes.3.cache',
      'sigIn',
    ]
    for (const option of wanted) expect(named).toContain(option)
  })

  // Once a guard with faults of its own alone never came back: it read a list while it wrote it.
  it('of a guard alone are named, too', () => {
    const wrong = { publicOrigin: origin, maxBodyBytes: -1 } as GuardOptions
    expect(() => vercel(wrong)).toThrow(/maxBodyBytes/)
  })

  it('may come from the environment at the first request', async () => {
    const publicOrigin = ({ env }: { env: { ORIGIN?: string } }): string | undefined => env.ORIGIN
    const late = vercel<object, { ORIGIN?: string }>({ publicOrigin }, { env: { ORIGIN: origin } })
    expect((await late(new Request(origin))).headers.get('x-middleware-next')).toBe('1')
    const reports: string[] = []
    const onFault = (error: unknown): unknown => reports.push((error as Error).message)
    const none = vercel<object, { ORIGIN?: string }>({ publicOrigin, onFault })
    expect((await none(new Request(origin))).status).toBe(503)
    expect(reports).toEqual(['publicOrigin is not set'])
  })

  it('that name a host leave what other hosts are asked for as it was', async () => {
    const open = vercel({
      publicOrigin: origin,
      hosts: ['docs.example.com'],
      routes: [{ host: 'docs.example.com', path: '/*', access: 'public' }],
    })
    expect((await open(new Request(`${origin}/anything`))).headers.get('x-middleware-next')).toBe(
      '1',
    )
  })

  it('without a session need none', async () => {
    const open = vercel({ publicOrigin: origin })
    expect((await open(new Request(`${origin}/anything`))).headers.get('x-middleware-next')).toBe(
      '1',
    )
  })
})
