import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { errorPage } from '../../src/page/index.ts'
import { cors } from '../../src/stack/index.ts'

type Heads = Record<string, string>
const friend = 'https://app.friend.example'
const url = 'https://api.example.com/data'

function appWith(options: Parameters<typeof cors>[0]) {
  const app = new Hono()
    .use(cors(options))
    .onError(errorPage({ report: () => {} }))
    .get('/data', (c) => c.json({ ok: true }, 200, { Vary: 'Accept-Language' }))
    .post('/data', (c) => c.json({ ok: true }))
    .options('/data', (c) => c.text('mine'))
    .get('/boom', () => {
      throw new Error('boom')
    })
    .get('/fetched', () => Response.redirect('https://api.example.com/data', 302))
  return (method: string, headers: Heads, path = url): Promise<Response> =>
    Promise.resolve(app.request(path, { method, headers }))
}
const preflight = (origin: string, more: Heads = {}): Heads => ({
  Origin: origin,
  'Access-Control-Request-Method': 'POST',
  ...more,
})
const corsHeaders = (response: Response): Heads =>
  Object.fromEntries([...response.headers].filter(([name]) => name.startsWith('access-control-')))

describe('cors()', () => {
  const ask = appWith({ origins: [friend], credentials: true, exposeHeaders: ['X-Total'] })

  it('answers a preflight of an origin that is allowed', async () => {
    const response = await ask(
      'OPTIONS',
      preflight(friend, { 'Access-Control-Request-Headers': 'content-type' }),
    )
    expect(response.status).toBe(204)
    expect(corsHeaders(response)).toEqual({
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'Content-Type',
      'access-control-allow-methods': 'GET,HEAD,POST',
      'access-control-allow-origin': 'https://app.friend.example',
      'access-control-expose-headers': 'X-Total',
      'access-control-max-age': '600',
    })
    expect(response.headers.get('Vary')).toContain('Origin')
  })

  // fetch('https://api.example.com/data', { method: 'POST', credentials: 'include', ... }) on evil.example. Hono answers
  // 204 with Allow-Credentials and Allow-Methods.
  it.each([
    ['another origin', preflight('https://evil.example')],
    ['null, which every sandboxed frame sends', preflight('null')],
    ['a longer name', preflight('https://app.friend.example.evil.example')],
    ['a name before it', preflight('https://evil-app.friend.example')],
    ['another scheme', preflight('http://app.friend.example')],
    ['another port', preflight('https://app.friend.example:8443')],
    ['a capital', preflight('https://App.friend.example')],
    ['a slash behind it', preflight('https://app.friend.example/')],
    ['no origin at all', preflight('')],
    [
      'a method that is not listed',
      preflight(friend, { 'Access-Control-Request-Method': 'DELETE' }),
    ],
    ['a method in small letters', preflight(friend, { 'Access-Control-Request-Method': 'post' })],
    [
      'a header that is not listed',
      preflight(friend, { 'Access-Control-Request-Headers': 'content-type, x-admin' }),
    ],
    ['a star for a header', preflight(friend, { 'Access-Control-Request-Headers': '*' })],
  ])('answers 403 without a CORS header to a preflight with %s', async (_, headers) => {
    const response = await ask('OPTIONS', headers)
    expect([response.status, corsHeaders(response)]).toEqual([403, {}])
    expect(response.headers.get('Vary')).toContain('Origin')
    expect(await response.text()).not.toContain('origin-not-allowed')
  })

  it('lets the script of an allowed origin read, and keeps what else the answer varies by', async () => {
    const response = await ask('GET', { Origin: friend })
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('https://app.friend.example')
    expect(response.headers.get('Access-Control-Allow-Credentials')).toBe('true')
    expect(response.headers.get('Vary')).toBe('Accept-Language, Origin')
  })

  it.each(['https://evil.example', 'null'])(
    'lets a script of %s read nothing, credentials or not',
    async (Origin) => {
      const response = await ask('GET', { Origin, Vary: 'X-Mine' })
      expect([response.status, corsHeaders(response)]).toEqual([200, {}])
      expect(response.headers.get('Vary')).toBe('Accept-Language, Origin')
    },
  )

  it('says what an answer varies by also where nobody asked from elsewhere', async () => {
    const response = await ask('GET', {})
    expect([corsHeaders(response), response.headers.get('Vary')]).toEqual([
      {},
      'Accept-Language, Origin',
    ])
  })

  it('leaves an OPTIONS that is no preflight to the application', async () => {
    expect(await (await ask('OPTIONS', { Origin: friend })).text()).toBe('mine')
    expect(await (await ask('OPTIONS', {})).text()).toBe('mine')
  })

  it.each([
    ['https://api.example.com/boom', 500],
    ['https://api.example.com/fetched', 302],
  ])('puts its headers on %s too', async (path, status) => {
    const response = await ask('GET', { Origin: friend }, path)
    expect([response.status, response.headers.get('Access-Control-Allow-Origin')]).toEqual([
      status,
      friend,
    ])
  })

  // CVE: split(/\s*,\s*/) on a header of spaces took seconds
  it.each([
    [' '.repeat(60_000)],
    [','.repeat(60_000)],
    [`x${' '.repeat(60_000)}x`],
    ['content-type,'.repeat(5000)],
  ])('is linear in a list of headers (%#)', async (list) => {
    const response = await ask(
      'OPTIONS',
      preflight(friend, { 'Access-Control-Request-Headers': list }),
    )
    expect([204, 403]).toContain(response.status)
  })

  it('may be for everybody, without credentials', async () => {
    const open = appWith({ origins: '*' })
    const response = await open('GET', { Origin: 'https://anybody.example' })
    expect(corsHeaders(response)).toEqual({ 'access-control-allow-origin': '*' })
    expect(response.headers.get('Vary')).toBe('Accept-Language')
    expect((await open('OPTIONS', preflight('https://anybody.example'))).status).toBe(204)
  })

  it('reads its origins from the environment', async () => {
    const app = new Hono()
      .use(cors<{ ORIGINS: string }>({ origins: (c) => c.env.ORIGINS.split(' ') }))
      .get('*', (c) => c.text('in'))
    const request = new Request(url, { headers: { Origin: friend } })
    const got = async (ORIGINS: string): Promise<string | null> =>
      (await app.fetch(request, { ORIGINS })).headers.get('Access-Control-Allow-Origin')
    expect(await got(`https://other.example ${friend}`)).toBe(friend)
    expect(await got('https://other.example')).toBe(null)
  })

  it.each([
    [{ origins: '*', credentials: true }, "cors.credentials must be false where origins is '*'"],
    [{ origins: ['*'] }, 'cors.origins.0 must not contain a wildcard'],
    [{ origins: ['https://*.friend.example'] }, 'cors.origins.0 must not contain a wildcard'],
    [{ origins: ['null'] }, 'cors.origins.0 must not be null'],
    [{ origins: [`${friend}/`] }, 'cors.origins.0 must be scheme://host'],
    [{ origins: [] }, 'cors.origins must contain at least one origin'],
    [{ origins: friend }, 'cors.origins must be a list of origins'],
    [{}, 'cors.origins is required'],
    [
      { origins: [friend], allowHeaders: ['*'] },
      'cors.allowHeaders.0 must be the name of a header or method, not a pattern',
    ],
    [{ origins: [friend], allowMethods: 'GET' }, 'cors.allowMethods must be a list'],
    [{ origins: [friend], maxAge: 1e9 }, 'cors.maxAge must be a whole number of seconds'],
    [
      { origin: [friend], origins: [friend] },
      'cors.origin is not an option; did you mean origins?',
    ],
  ])('%#: refuses what would undo it', (options, message) => {
    expect(() => cors(options as never)).toThrow(message)
  })
})
