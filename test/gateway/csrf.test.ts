import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { createGateway } from '../../src/gateway/index.ts'
import { bench, type Overrides, order, signIn } from './support.ts'

const evil = 'https://evil.example'

describe('a request from another site', () => {
  // <form action="https://app.example.com/login" method="post"> with the attacker's own account, on evil.example
  it.each<[string, Record<string, string>, string]>([
    ['a form', { origin: evil, 'sec-fetch-site': 'cross-site' }, 'cross-site'],
    [
      'a form of a sibling host',
      { origin: 'https://blog.example.com', 'sec-fetch-site': 'same-site' },
      'cross-site',
    ],
    ['a form of an old browser', { origin: evil }, 'origin-mismatch'],
    ['a sandboxed frame', { origin: 'null' }, 'origin-null'],
    [
      'a page on plain http of the same host',
      { origin: 'http://app.example.com' },
      'origin-mismatch',
    ],
    [
      'a link of an older browser still',
      { origin: '', referer: `${evil}/page` },
      'origin-mismatch',
    ],
  ])('cannot log anybody in: %s', async (_, headers, reason) => {
    const at = await bench()
    at.answer = (seen) =>
      new Response(null, {
        headers: { 'portcullis-session': order(seen, { start: { data: { user: 'mallory' } } }) },
      })
    const response = await at.ask('/login', { method: 'POST', headers })
    expect([response.status, at.seen.length, response.headers.getSetCookie()]).toEqual([403, 0, []])
    expect(at.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['request-refused', reason],
    ])
  })

  it('cannot log anybody out, although SameSite lets the answer set cookies', async () => {
    const at = await bench()
    const response = await at.ask('/logout', {
      method: 'POST',
      headers: { origin: evil, 'sec-fetch-site': 'cross-site' },
    })
    expect([response.status, response.headers.getSetCookie()]).toEqual([403, []])
  })

  it('is refused before the session is looked at', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
    const response = await at.ask('/admin/x', {
      method: 'POST',
      headers: { cookie, 'sec-fetch-site': 'cross-site' },
    })
    expect([response.status, at.seen.length]).toEqual([403, 0])
  })

  it('may read: links lead here from everywhere', async () => {
    const at = await bench()
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect((await at.ask('/', { headers })).status).toBe(200)
  })
})

describe('a request of our own pages', () => {
  it.each<[string, Record<string, string>]>([
    ['with Fetch Metadata', { origin: 'https://app.example.com', 'sec-fetch-site': 'same-origin' }],
    [
      'with Fetch Metadata and Referrer-Policy: no-referrer',
      { origin: 'null', 'sec-fetch-site': 'same-origin' },
    ],
    ['without it', { origin: 'https://app.example.com' }],
    ['with a Referer alone', { origin: '', referer: 'https://app.example.com/form' }],
  ])('passes %s', async (_, headers) => {
    const at = await bench()
    expect((await at.ask('/login', { method: 'POST', headers })).status).toBe(200)
  })

  it('is judged by the public origin, not by the url the runtime saw', async () => {
    const at = await bench({ hosts: ['10.0.0.7:8080'] })
    const headers = { 'CF-Visitor': '{"scheme":"https"}' }
    const request = (origin: string): Request =>
      new Request('http://10.0.0.7:8080/login', { method: 'POST', headers: { ...headers, origin } })
    expect((await at.gateway.fetch(request('https://app.example.com'))).status).toBe(200)
    expect((await at.gateway.fetch(request('http://10.0.0.7:8080'))).status).toBe(403)
  })
})

describe('a request that says nothing of where it comes from', () => {
  it('passes without cookies, as programs send it, and is refused with them', async () => {
    const at = await bench()
    expect((await at.ask('/x', { method: 'POST', headers: { origin: '' } })).status).toBe(200)
    const cookie = await signIn(at, { user: 'ada' })
    expect((await at.ask('/x', { method: 'POST', headers: { origin: '', cookie } })).status).toBe(
      403,
    )
  })

  it('passes with cookies where the gateway says so', async () => {
    const at = await bench({ csrf: { missing: 'allow' } })
    const cookie = await signIn(at, { user: 'ada' })
    expect((await at.ask('/x', { method: 'POST', headers: { origin: '', cookie } })).status).toBe(
      200,
    )
  })
})

describe('a route may be looser', () => {
  const routes: NonNullable<Overrides['routes']> = [
    { path: '/hooks', methods: ['POST'], to: 'app', access: 'public', csrf: false },
    {
      path: '/paid',
      methods: ['POST'],
      to: 'app',
      access: 'public',
      csrf: { trustedOrigins: ['https://pay.example'] },
    },
    { path: '/*', to: 'app', access: 'public' },
  ]
  it.each([
    ['/hooks', evil, 200],
    ['/paid', 'https://pay.example', 200],
    ['/paid', evil, 403],
    ['/elsewhere', 'https://pay.example', 403],
    ['/elsewhere', 'https://partner.example', 200],
  ])('%s from %s: %d', async (path, origin, status) => {
    const at = await bench({
      routes,
      signIn: undefined as never,
      csrf: { trustedOrigins: ['https://partner.example'] },
    })
    const headers = { origin, 'sec-fetch-site': 'cross-site' }
    expect((await at.ask(path, { method: 'POST', headers })).status).toBe(status)
  })
})

describe('what cannot be meant', () => {
  it.each([
    [{ csrf: { trustedOrigins: ['https://pay.example/'] } }, 'csrf.trustedOrigins.0'],
    [
      { csrf: { trustedOrigin: [] } },
      'csrf.trustedOrigin is not an option; did you mean trustedOrigins?',
    ],
    [{ csrf: { missing: 'maybe' } }, 'csrf.missing must be one of'],
    [
      { routes: [{ path: '/*', to: 'app', csrf: { trustedOrigins: ['*'] } }] },
      'routes.0.csrf.trustedOrigins.0',
    ],
    [
      { routes: [{ path: '/*', to: 'app', csrf: { origins: [] } }] },
      'routes.0.csrf.origins is not an option',
    ],
  ])('%j is a fault, named once', (config, words) => {
    let message = ''
    try {
      createGateway({
        publicOrigin: 'https://a.example',
        upstreams: {},
        routes: [],
        ...config,
      } as never)
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      message = String(error)
    }
    expect(message.split(words)).toHaveLength(2)
  })
})
