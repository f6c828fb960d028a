import { describe, expect, it } from 'vitest'
import { bench, signIn } from './support.ts'

describe('what the upstream is told', () => {
  // curl -H 'X-Forwarded-User: admin' ...: identity and origin that only a gateway may state.
  it.each([
    'X-Forwarded-For',
    'X-Forwarded-User',
    'X-Forwarded-Prefix',
    'X-Real-IP',
    'X-Client-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'CF-Access-Jwt-Assertion',
    'X-Vercel-Forwarded-For',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-Method-Override',
    'X-Auth-Request-User',
    'X-Pomerium-Claim-Email',
    'X-Middleware-Subrequest',
    'Remote-User',
    'Proxy-Authorization',
    'Proxy',
    'Portcullis-User',
    'Portcullis-Session',
    'PortcullisSession',
    'Content-Security-Policy',
    'X_Real_IP',
    'X_Forwarded_For',
    'Portcullis_Assertion',
    'portcullis_session',
    'REMOTE_USER',
    'any_thing',
  ])('%s of a client is not among it', async (name) => {
    const at = await bench()
    await at.ask('/x', { headers: { [name]: 'planted', 'X-Kept': 'yes' } })
    const { headers } = at.last()
    expect([...headers.values()].filter((value) => value.includes('planted'))).toEqual([])
    expect(headers.get('x-kept')).toBe('yes')
  })

  it('has the assertion and the nonce of this gateway, not those of the client', async () => {
    const at = await bench()
    const headers = {
      'Portcullis-Assertion': 'forged',
      'Portcullis-Session-Nonce': 'AbCdEfGhIjKlMnOpQrStUv',
    }
    await at.ask('/x', { headers })
    await at.ask('/x', { headers })
    const [first, second] = at.seen.map((seen) => seen.headers.get('portcullis-session-nonce'))
    expect(first).toMatch(/^[\w-]{22}$/)
    expect(first).not.toBe('AbCdEfGhIjKlMnOpQrStUv')
    expect(second).not.toBe(first)
    expect(at.last().headers.has('portcullis-assertion')).toBe(false)
  })

  it('keeps the nonce from an upstream that has no part in sessions', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test' } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    await at.ask('/x')
    expect([...at.last().headers.keys()].filter((name) => name.startsWith('portcullis'))).toEqual([
      'portcullis-hops',
    ])
  })

  it.each([
    ['203.0.113.9', '203.0.113.9', 'for=203.0.113.9;host="app.example.com";proto=https'],
    ['2001:DB8::1', '2001:db8::1', 'for="[2001:db8::1]";host="app.example.com";proto=https'],
    [undefined, null, 'for=unknown;host="app.example.com";proto=https'],
    ['evil, 1.1.1.1', null, 'for=unknown;host="app.example.com";proto=https'],
  ])('for a client at %s: X-Forwarded-For %s, Forwarded %s', async (address, xff, forwarded) => {
    const at = await bench()
    await at.ask('/x', {
      headers: { ...(address && { 'CF-Connecting-IP': address }), Forwarded: 'for=6.6.6.6' },
    })
    const { headers } = at.last()
    expect(headers.get('x-forwarded-for')).toBe(xff)
    expect(headers.get('forwarded')).toBe(forwarded)
    expect(headers.get('x-forwarded-host')).toBe('app.example.com')
    expect(headers.get('x-forwarded-proto')).toBe('https')
    expect(headers.get('x-request-id')).toMatch(/^[\w-]{22}$/)
  })

  it('takes the address from where the platform option says, not from another header', async () => {
    const at = await bench({ platform: { hops: 1 } })
    await at.ask('/x', {
      headers: { 'CF-Connecting-IP': '6.6.6.6', 'X-Forwarded-For': '7.7.7.7, 203.0.113.9' },
    })
    expect(at.last().headers.get('x-forwarded-for')).toBe('203.0.113.9')
  })

  it('has every cookie but ours, byte for byte', async () => {
    const at = await bench()
    const session = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: `a=1; ${session}; b="x y"` } })
    expect(at.last().headers.get('cookie')).toBe('a=1; b="x y"')
    await at.ask('/x', { headers: { Cookie: session } })
    expect(at.last().headers.has('cookie')).toBe(false)
  })

  // A GET with a body makes fetch throw in every runtime: an attacker's free 500.
  it.each(['GET', 'HEAD'])('has no body and no length for %s', async (method) => {
    const at = await bench()
    const request = new Request('https://app.example.com/x', {
      method,
      headers: { 'Content-Length': '5' },
    })
    expect((await at.gateway.fetch(request)).status).toBe(200)
    expect(at.last().headers.has('content-length')).toBe(false)
    expect(at.last().init.body ?? null).toBe(null)
  })

  it('is never a redirect followed: the mode is manual', async () => {
    const at = await bench()
    at.answer = () =>
      new Response(null, { status: 302, headers: { location: 'https://other.test/' } })
    const response = await at.ask('/x', {
      method: 'POST',
      body: 'form',
      headers: { Cookie: 'a=1' },
    })
    expect(response.status).toBe(302)
    expect(response.headers.get('location')).toBe('https://other.test/')
    expect(at.seen.map(({ url, init }) => [url, init.redirect])).toEqual([
      ['http://upstream.test:8080/x', 'manual'],
    ])
  })

  it.each([
    [undefined, 200, '1'],
    ['1', 200, '2'],
    ['2', 200, '3'],
    ['3', 508, undefined],
    ['9', 508, undefined],
    ['99', 200, '1'],
    ['x', 200, '1'],
  ])('after %s gateways the answer is %s', async (before, status, sent) => {
    const at = await bench()
    const response = await at.ask('/x', {
      headers: before === undefined ? {} : { 'Portcullis-Hops': before },
    })
    expect(response.status).toBe(status)
    expect(at.seen[0]?.headers.get('portcullis-hops')).toBe(sent)
  })
})
