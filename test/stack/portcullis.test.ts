import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage, notFoundPage, portcullis, statelessSessions } from '../../src/index.ts'

const secret = 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE'
const sessions = statelessSessions<{ visits?: number; big?: string }>({ secret })
const quiet = { report: (): void => {} }

const app = new Hono()
  .onError(errorPage(quiet))
  .notFound(notFoundPage())
  .use(portcullis({ session: sessions, onError: errorPage(quiet) }))
  .get('/', async (c) =>
    c.json(await c.var.session.update((d) => ({ visits: (d?.visits ?? 0) + 1 }))),
  )
  .get('/boom', async (c) => {
    await c.var.session.start({ visits: 9 })
    throw new Error('boom')
  })
  .get('/big', async (c) => {
    await c.var.session.start({ visits: 9 })
    c.var.session.set('big', 'x'.repeat(5000))
    return c.text('never seen')
  })
  .get('/fetched', () => Response.redirect('https://app.example.test/', 302))
  .get('/id', (c) => c.text(c.var.requestId))
  .get('/admin/secret', (c) => c.text('the secret'))

const at = (path: string, init?: RequestInit): Promise<Response> =>
  Promise.resolve(app.request(`https://app.example.test${path}`, init))

describe('the whole stack', () => {
  it.each([
    ['a page', '/', 200],
    ['what is not there', '/nothing', 404],
    ['what a handler throws', '/boom', 500],
    ['what the session throws when it is written', '/big', 500],
    ['a redirect whose headers cannot be changed', '/fetched', 302],
    ['a path that is refused', '/a%2fb', 400],
    ['a path that is sent on', '//', 308],
  ])('puts security headers on %s', async (_, path, status) => {
    const { status: got, headers } = await at(path)
    expect(got).toBe(status)
    expect([
      headers.get('x-content-type-options'),
      headers.get('strict-transport-security'),
    ]).toEqual(['nosniff', 'max-age=63072000; includeSubDomains'])
  })

  it.each([['/boom'], ['/big']])(
    'sends what was committed with the error page: %s',
    async (path) => {
      const response = await at(path)
      expect(response.headers.get('cache-control')).toBe('no-store')
      const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      expect(await (await at('/', { headers: { cookie } })).json()).toEqual({ visits: 10 })
    },
  )

  it('says nothing of the platform or the fault', async () => {
    const body = await (await at('/boom', { headers: { accept: 'application/json' } })).text()
    expect(body).not.toMatch(/boom|hono|workerd|cloudflare|node|stack/i)
  })

  it('shows on the error page the id by which the request is found', async () => {
    const ids: unknown[] = []
    const noisy = new Hono()
      .onError(errorPage({ report: (_, { requestId }) => ids.push(requestId) }))
      .use(portcullis())
      .get('/', () => {
        throw new Error('boom')
      })
    const problem = (await (await noisy.request('/')).json()) as { requestId: string }
    expect(ids).toEqual([problem.requestId])
    expect(problem.requestId).toMatch(/^[\w-]{22}$/)
  })

  it('does not believe an id that a client sends', async () => {
    expect(await (await at('/id', { headers: { 'x-request-id': 'mine' } })).text()).toMatch(
      /^[\w-]{22}$/,
    )
  })

  // curl --path-as-is 'https://app.example.test/x/..%2fadmin/secret'
  it.each([
    ['/x/..%2fadmin/secret'],
    ['/admin%5csecret'],
    ['/%2561dmin/secret'],
    ['/ad%0amin/secret'],
  ])('refuses what could be read in two ways: %s', async (path) => {
    const response = await at(path)
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('the secret')
  })

  it('sends what has one certain reading there, and only for requests that lose nothing', async () => {
    const get = await at('/%61dmin/secret?x=1')
    expect([get.status, get.headers.get('location')]).toEqual([308, '/admin/secret?x=1'])
    expect((await at('/%61dmin/secret', { method: 'POST' })).status).toBe(400)
  })

  // <form action="https://app.example.test/" method="post"> on evil.example
  it('takes no form from another site', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    const response = await at('/', { method: 'POST', headers })
    expect([response.status, response.headers.get('x-content-type-options')]).toEqual([
      403,
      'nosniff',
    ])
    const open = new Hono().use(portcullis({ csrf: false })).post('/', (c) => c.text('in'))
    expect(
      (await open.request('https://app.example.test/', { method: 'POST', headers })).status,
    ).toBe(200)
  })

  it('may be told to leave steps out', async () => {
    const bare = new Hono()
      .use(portcullis({ headers: false, path: false }))
      .get('*', (c) => c.text('in'))
    const response = await bare.request('https://app.example.test/a%2fb')
    expect([response.status, response.headers.has('x-content-type-options')]).toEqual([200, false])
  })

  it('has no session where none is given', async () => {
    const without = new Hono().use(portcullis()).get('/', (c) => {
      // @ts-expect-error: no strategy, no session
      return c.json(c.var.session ?? null)
    })
    expect(await (await without.request('/')).json()).toBe(null)
  })

  it('names every fault of every step at once', () => {
    expect(() =>
      portcullis({ haeders: {}, headers: { referrerPolicy: 'sometimes' } } as never),
    ).toThrow(/portcullis\.haeders is not an option; did you mean headers\?.*referrerPolicy/s)
  })
})
