import { describe, expect, it, test } from 'vitest'
import { createGateway, methodOverride, reviewGateway } from '../../src/gateway/index.ts'
import { type Bench, bench, type Overrides, signIn } from './support.ts'

const app = { url: 'http://upstream.test:8080', sessions: true, methodOverride: methodOverride() }
const routes: NonNullable<Overrides['routes']> = [
  { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
  { path: '/posts/*', methods: ['DELETE'], to: 'app', access: { role: 'admin' } },
  { path: '/posts/*', methods: ['GET', 'POST'], to: 'app', access: 'public' },
  { path: '/*', to: 'app', access: 'public' },
]

const testGateway = (options: Overrides = {}): Promise<Bench> =>
  bench({ upstreams: { app }, routes, signIn: undefined as never, ...options })

const form = (text: string): RequestInit => ({
  method: 'POST',
  body: text,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
})

function multipart(fields: Readonly<Record<string, string>>): RequestInit {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  return { method: 'POST', body: `${parts.join('')}--b--\r\n`, headers }
}

const json = (value: string): RequestInit => ({
  method: 'POST',
  body: value,
  headers: { 'content-type': 'application/json' },
})

// curl -d _method=delete https://app.example.com/posts/1
describe('G3: a POST that a framework serves as a DELETE', () => {
  test.each<[string, string, RequestInit]>([
    ['a form', '/posts/1', form('title=a&_method=delete')],
    ['a form in capitals', '/posts/1', form('_method=DELETE')],
    ['an escaped name', '/posts/1', form('%5Fmethod=DELETE')],
    ['a name that PHP writes so', '/posts/1', form('.method=DELETE')],
    ['a second field', '/posts/1', form('_method=POST&_method=DELETE')],
    ['the query', '/posts/1?_method=DELETE', form('title=a')],
    ['a multipart form', '/posts/1', multipart({ title: 'a', _method: 'DELETE' })],
    ['JSON', '/posts/1', json('{"title":"a","_method":"delete"}')],
    ['a form that servers read differently', '/posts/1', form('a=1;_method=DELETE')],
    ['JSON with two members', '/posts/1', json('{"_method":"DELETE","_method":"POST"}')],
    ['an alias of the page', '/posts.json', form('_method=DELETE')],
  ])('needs what the DELETE needs: %s', async (_, path, init) => {
    const at = await testGateway()
    // A method that the page does not take is 400 where nobody knows whether it was named.
    expect([400, 401]).toContain((await at.ask(path, init)).status)
    expect(at.seen).toEqual([])
  })

  test.each<[string, RequestInit]>([
    ['another field', form('title=_method&body=DELETE')],
    ['the method it has', form('_method=POST&title=a')],
    ['no method', form('_method=&title=a')],
    ['a multipart form', multipart({ title: 'a' })],
    ['JSON', json('{"title":"a"}')],
    [
      'a text',
      { method: 'POST', body: '_method=DELETE', headers: { 'content-type': 'text/plain' } },
    ],
  ])('is a POST with %s, and reaches the upstream byte for byte', async (_, init) => {
    const at = await testGateway()
    at.answer = async (seen) => new Response(await new Response(seen.init.body as BodyInit).text())
    const response = await at.ask('/posts/1', init)
    expect([response.status, await response.text()]).toEqual([200, init.body])
  })

  it('is 405 where the page takes no such method', async () => {
    const at = await testGateway()
    expect((await at.ask('/posts/1', form('_method=PUT'))).status).toBe(405)
  })

  it('reaches the upstream of whoever may', async () => {
    const at = await testGateway()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const init = form('_method=DELETE')
    const headers = { ...(init.headers as Record<string, string>), cookie }
    expect((await at.ask('/posts/1', { ...init, headers })).status).toBe(200)
    const other = { ...headers, cookie: await signIn(at, { user: 'bob' }) }
    expect((await at.ask('/posts/1', { ...init, headers: other })).status).toBe(403)
  })

  it.each([
    'X-HTTP-Method-Override',
    'X-HTTP-Method',
    'X-Method-Override',
    'X-Http-Method-Override',
  ])(
    'by the header %s is a POST to every upstream: the header stops at the gateway',
    async (name) => {
      for (const upstream of [app, { url: app.url, sessions: true }]) {
        const at = await testGateway({ upstreams: { app: upstream } })
        await at.ask('/posts/1', { method: 'POST', headers: { [name]: 'DELETE' } })
        expect(at.last().headers.has(name)).toBe(false)
      }
    },
  )

  it('rejects an option that the function did not create, and names the function', () => {
    const config = {
      publicOrigin: 'https://app.example.com',
      upstreams: { app: { url: 'https://o.example.net', methodOverride: 'form' } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    }
    expect(() => createGateway(config as never)).toThrow(
      'upstreams.app.methodOverride must be methodOverride(), which comes from portcullis/gateway',
    )
  })

  it('is not looked for where nobody says so, and the check says that', async () => {
    const upstreams = { app: { url: app.url, sessions: true } }
    const at = await testGateway({ upstreams })
    expect((await at.ask('/posts/1', form('_method=DELETE'))).status).toBe(200)
    const config = {
      publicOrigin: 'https://app.example.com',
      routes: routes.slice(1).map((route) => ({
        ...route,
        access: route.access === 'public' ? ('public' as const) : { address: ['10.0.0.0/8'] },
      })),
    }
    createGateway({ ...config, upstreams: { app: { url: 'https://o.example.net' } } } as never)
    const remarks = (options: object): readonly string[] =>
      reviewGateway({
        ...config,
        upstreams: {
          app: { url: 'https://o.example.net', ...options },
        },
      } as never).remarks
    expect(remarks({}).filter((text) => text.includes('_method')).length).toBe(2)
    expect(
      remarks({ methodOverride: methodOverride() }).filter((text) => text.includes('_method')),
    ).toEqual([])
  })
})
