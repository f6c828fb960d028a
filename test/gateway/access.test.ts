import { describe, expect, it } from 'vitest'
import { bench, cookieOf, order, signIn } from './support.ts'

const page = { headers: { accept: 'text/html,application/xhtml+xml' } }

describe('a route that needs somebody signed in', () => {
  it.each(['/account', '/ACCOUNT', '/account/', '/Account./'])(
    '%s sends a navigation to the sign-in page',
    async (path) => {
      const at = await bench()
      const response = await at.ask(`${path}?a=1&b=%20`, page)
      expect(response.status).toBe(303)
      expect(response.headers.get('location')).toBe(
        `/login?return_to=${encodeURIComponent(`${path}?a=1&b=%20`)}`,
      )
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect(at.seen).toEqual([])
    },
  )

  it('does not ask for a form again that was sent', async () => {
    const at = await bench()
    const request = new Request('https://app.example.com/account', { method: 'POST', body: 'a=1' })
    request.headers.set('sec-fetch-mode', 'navigate')
    // Runtimes that forbid the header on a Request cannot say it is a navigation.
    if (request.headers.get('sec-fetch-mode') === null) return expect(at.seen).toEqual([])
    const response = await at.gateway.fetch(request)
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login'])
  })

  it.each([
    ['a fetch', {}, 'application/problem+json'],
    ['a cookie that is no session', { cookie: '__Host-session=AAAA' }, 'application/problem+json'],
    // A browser that fetches ahead of its user must not be led into a login nobody asked for.
    [
      'a prefetch',
      { accept: 'text/html', 'sec-purpose': 'prefetch;prerender' },
      'text/html; charset=utf-8',
    ],
  ])('answers %s with 401', async (_what, headers, type) => {
    const at = await bench()
    const response = await at.ask('/account', { headers })
    expect([response.status, response.headers.get('content-type')]).toEqual([401, type])
    const rejections = at.events.filter(({ type }) => type === 'request-refused')
    expect(rejections).toMatchObject([{ type: 'request-refused', reason: 'no-session' }])
    expect(at.seen).toEqual([])
  })

  it('answers 401 to navigations too where there is no sign-in page', async () => {
    const at = await bench({ signIn: undefined as never })
    expect((await at.ask('/account', page)).status).toBe(401)
  })

  it('lets in who is', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice' })
    const response = await at.ask('/account', { headers: { Cookie: cookie } })
    expect([response.status, await response.text()]).toEqual([200, 'upstream'])
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  // A visit counter gives everybody a session: it must open nothing.
  it('does not take a visitor for somebody', async () => {
    const at = await bench()
    at.answer = (seen) =>
      new Response('x', { headers: { 'portcullis-session': order(seen, { incr: { visits: 1 } }) } })
    const visitor = cookieOf(await at.ask('/'))
    expect((await at.ask('/account', { headers: { Cookie: visitor } })).status).toBe(401)
  })
})

describe('a route that needs a role', () => {
  it.each([
    ['nobody', undefined, 401],
    ['somebody without it', { user: 'bob', roles: [] }, 403],
    ['somebody with another', { user: 'bob', roles: ['admins'] }, 403],
    ['somebody without any', { user: 'bob' }, 403],
    ['who has it', { user: 'alice', roles: ['x', 'admin'] }, 200],
    // What an upstream stored is not always what its types promise: 'superadmin'.includes('admin').
    ['somebody whose roles are a text', { user: 'bob', roles: 'superadmin' as never }, 403],
  ])('%s gets there or not', async (_who, data, status) => {
    const at = await bench()
    const cookie = data ? await signIn(at, data) : ''
    for (const path of ['/admin', '/admin/', '/admin/x', '/ADMIN', '/Admin/x']) {
      expect([path, (await at.ask(path, { headers: { Cookie: cookie } })).status]).toEqual([
        path,
        status,
      ])
    }
    expect(at.seen.length).toBe(status === 200 ? 5 : 0)
  })
})

describe('a path that could be read in two ways', () => {
  it.each([
    '/pub/%2e%2e/admin',
    '/admin%5cx',
    '/ad%0amin',
    '/%2561dmin',
    '/x/..;/admin',
    '/admin;x',
    '/a%2fb',
    '/a%zz',
    '/a%ff',
  ])('%s is 400, or is already another path when it arrives', async (path) => {
    const at = await bench()
    const request = new Request(`https://app.example.com${path}`)
    const { status } = await at.gateway.fetch(request)
    // Node, Bun and edge-runtime resolve dot segments before anybody sees them.
    const arrived = request.url === `https://app.example.com${path}`
    expect(status).toBe(arrived ? 400 : 401)
    expect(at.seen).toEqual([])
  })

  it('is redirected to how it should be written, for GET and HEAD only', async () => {
    const at = await bench()
    for (const [method, status, location] of [
      ['GET', 308, '/admin/x?y=1'],
      ['HEAD', 308, '/admin/x?y=1'],
      ['POST', 400, null],
    ] as const) {
      const response = await at.ask('//admin/%78?y=1', { method })
      expect([method, response.status, response.headers.get('location')]).toEqual([
        method,
        status,
        location,
      ])
    }
    expect(at.seen).toEqual([])
  })

  it('is 414 when it is longer than 8 KB', async () => {
    const at = await bench()
    expect((await at.ask(`/${'a'.repeat(9000)}`)).status).toBe(414)
  })
})

describe('methods', () => {
  it('a path has are listed when another is used', async () => {
    const at = await bench()
    const response = await at.ask('/login', { method: 'DELETE' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })

  it('nobody knows are 405', async () => {
    const at = await bench()
    const response = await at.ask('/x', { method: 'PURGE' })
    expect([response.status, response.headers.get('allow')]).toEqual([
      405,
      'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    ])
    expect(at.seen).toEqual([])
  })
})

it('a path that no route covers is 404', async () => {
  const at = await bench({
    routes: [{ path: '/a', to: 'app', access: 'public' }],
    signIn: undefined as never,
  })
  expect((await at.ask('/b')).status).toBe(404)
  expect(at.seen).toEqual([])
})

describe('a session nobody needs', () => {
  it('is not opened', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test' } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
      signIn: undefined as never,
      session: new Proxy({} as never, {
        get(_target, name) {
          if (name === 'cookieNames') return ['__Host-session']
          if (name === 'check') return () => {}
          if (name === 'open') return () => expect.fail('opened')
          return undefined
        },
      }),
    })
    const response = await at.ask('/x', { headers: { Cookie: '__Host-session=AAAA; a=1' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('vary')).toBe(null)
  })
})
