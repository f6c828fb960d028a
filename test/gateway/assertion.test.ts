import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { statelessSessions } from '../../src/session/index.ts'
import {
  base64url,
  bench,
  claimsOf,
  cookieOf,
  type Data,
  newKey,
  order,
  secret,
  signIn,
} from './support.ts'

const now = 1_790_000_000_000

describe('Portcullis-Assertion', () => {
  it('verifies with the published keys, by issuer, audience and algorithm', async () => {
    const at = await bench({ clock: () => now })
    const cookie = await signIn(at, { user: 'alice', visits: 1 })
    await at.ask('/account', { headers: { Cookie: cookie } })
    const jwt = at.last().headers.get('portcullis-assertion') ?? ''
    const keys = await (await at.ask('/.portcullis/jwks.json')).json()
    const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(keys), {
      algorithms: ['ES256'],
      issuer: 'https://app.example.com',
      audience: 'app',
      currentDate: new Date(now),
    })
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'JWT', kid: keys.keys[0].kid })
    expect(payload).toEqual({
      iss: 'https://app.example.com',
      aud: 'app',
      sub: 'alice',
      sid: expect.stringMatching(/^[\w-]{16,}$/),
      auth_time: expect.any(Number),
      claims: { visits: 1 },
      iat: now / 1000,
      exp: now / 1000 + 60,
    })
  })

  it.each(['Zo\u00eb', '\u{1f98a}', '"quoted"', 'a\u2028b'])(
    'names a user called %s as jose reads it',
    async (user) => {
      const at = await bench({ clock: () => now })
      await at.ask('/account', { headers: { Cookie: await signIn(at, { user }) } })
      const jwt = at.last().headers.get('portcullis-assertion') ?? ''
      const keys = createLocalJWKSet(await (await at.ask('/.portcullis/jwks.json')).json())
      const { payload } = await jwtVerify(jwt, keys, {
        algorithms: ['ES256'],
        currentDate: new Date(now),
      })
      expect(payload.sub).toBe(user)
    },
  )

  it('is signed anew when half its life is over, and when the session says something else', async () => {
    let time = now
    const at = await bench({ clock: () => time })
    const cookie = await signIn(at, { user: 'alice', visits: 1 })
    const other = await signIn(at, { user: 'alice', visits: 2 })
    const signed = async (from: string): Promise<string | null> => {
      await at.ask('/x', { headers: { Cookie: from } })
      return at.last().headers.get('portcullis-assertion')
    }
    const first = await signed(cookie)
    time += 29_000
    expect(await signed(cookie)).toBe(first)
    expect(await signed(other)).not.toBe(first)
    time += 2000
    const second = await signed(cookie)
    expect(second).not.toBe(first)
    expect(claimsOf(second).exp).toBe(Math.floor(time / 1000) + 60)
  })

  it('is never sent for who has no session, whatever was signed before', async () => {
    const at = await bench({ clock: () => now })
    const cookie = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: cookie } })
    expect(at.last().headers.has('portcullis-assertion')).toBe(true)
    for (const headers of [{}, { Cookie: `${cookie}x` }, { Cookie: `${cookie}; ${cookie}` }]) {
      await at.ask('/x', { headers })
      expect(at.last().headers.has('portcullis-assertion')).toBe(false)
    }
  })

  // An upstream that lets a visitor choose what it stores: {"set":{"user":"admin"}}.
  it('G6: names no user of a visitor, whatever an upstream has put into the session', async () => {
    const session = statelessSessions<Data>({ secret })
    const at = await bench({ session })
    at.answer = (seen) =>
      new Response('x', {
        headers: { 'portcullis-session': order(seen, { set: { user: 'admin' } }) },
      })
    const visitor = cookieOf(await at.ask('/'))
    await at.ask('/x', { headers: { Cookie: visitor } })
    const claims = claimsOf(at.last().headers.get('portcullis-assertion'))
    expect(claims).toMatchObject({ aud: 'app', sid: expect.any(String) })
    expect(claims).not.toHaveProperty('sub')
    expect(claims).not.toHaveProperty('auth_time')
    expect((await at.ask('/account', { headers: { Cookie: visitor } })).status).toBe(401)
    const cookie = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: cookie } })
    expect(claimsOf(at.last().headers.get('portcullis-assertion'))).toMatchObject({ sub: 'alice' })
  })

  it('holds nothing of a visitor but a session', async () => {
    const at = await bench({ user: () => undefined, claims: undefined as never })
    const cookie = await signIn(at, {})
    await at.ask('/x', { headers: { Cookie: cookie } })
    const claims = claimsOf(at.last().headers.get('portcullis-assertion'))
    expect(Object.keys(claims).sort()).toEqual(['aud', 'auth_time', 'exp', 'iat', 'iss', 'sid'])
  })

  it.each<[string, () => object]>([
    ['a promise, of which JSON makes {}', async () => ({ roles: [] })],
    ['a number that JSON has not', () => ({ id: 1n })],
    ['a function', () => () => {}],
  ])('with claims that are %s is 503, and the log says which option', async (_what, claims) => {
    const at = await bench({ claims })
    const cookie = await signIn(at, { user: 'alice' })
    expect((await at.ask('/account', { headers: { Cookie: cookie } })).status).toBe(503)
    expect(String(at.faults[0])).toContain('claims returned a value that JSON cannot represent')
  })

  it('with claims over 4,096 bytes is 503, not a header that upstreams choke on', async () => {
    const at = await bench({ claims: () => ({ text: 'é'.repeat(2100) }) })
    const cookie = await signIn(at, { user: 'alice' })
    expect((await at.ask('/x', { headers: { Cookie: cookie } })).status).toBe(503)
    expect(at.seen).toEqual([])
    expect(String(at.faults[0])).toContain('claims returned more than 4,096 bytes')
  })
})

describe('/.portcullis/jwks.json', () => {
  it('publishes every key and nothing private; the first signs', async () => {
    const keys = [await newKey(), await newKey({ kid: 'old' })]
    const at = await bench({ assertion: { key: keys } })
    const response = await at.ask('/.portcullis/jwks.json')
    const text = await response.text()
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('public, max-age=300')
    const published = JSON.parse(text).keys
    expect(published.map((key: object) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ])
    for (const key of keys) expect(text).not.toContain(JSON.parse(key).d)
    expect(published[1].kid).toBe('old')
    const cookie = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: cookie } })
    expect(decodeProtectedHeader(at.last().headers.get('portcullis-assertion') ?? '').kid).toBe(
      published[0].kid,
    )
  })

  it('names a key by its thumbprint (RFC 7638)', async () => {
    const jwk = JSON.parse(await newKey())
    const at = await bench({ assertion: { key: JSON.stringify(jwk) } })
    const { keys } = await (await at.ask('/.portcullis/jwks.json')).json()
    const text = `{"crv":"P-256","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
    )
    const hex = (bytes: Iterable<number>): string =>
      [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
    const decoded = Uint8Array.from(
      atob(keys[0].kid.replaceAll('-', '+').replaceAll('_', '/')),
      (c) => c.charCodeAt(0),
    )
    expect(hex(decoded)).toBe(hex(digest))
    expect(base64url('x')).toBe('eA')
  })

  it('is 404 without assertions', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test' } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
      assertion: undefined as never,
      signIn: undefined as never,
    })
    expect((await at.ask('/.portcullis/jwks.json')).status).toBe(404)
  })
})

describe('own addresses', () => {
  it.each([
    ['/.portcullis/health', 'GET', 200],
    ['/.portcullis/health', 'HEAD', 200],
    ['/.portcullis/health', 'POST', 405],
    ['/.portcullis/health/', 'GET', 404],
    ['/.portcullis/HEALTH', 'GET', 404],
    ['/.PORTCULLIS/health', 'GET', 404],
    ['/.portcullis', 'GET', 404],
    ['/.portcullis./x', 'GET', 404],
    ['/.portcullis/', 'GET', 404],
    ['/.portcullis/anything', 'POST', 404],
  ])('%s by %s is %s and never an upstream', async (path, method, status) => {
    const at = await bench()
    expect((await at.ask(path, { method })).status).toBe(status)
    expect(at.seen).toEqual([])
  })

  it('health says no more than that', async () => {
    const at = await bench()
    const response = await at.ask('/.portcullis/health')
    expect([await response.text(), response.headers.get('cache-control')]).toEqual([
      '{"ok":true}',
      'no-store',
    ])
  })

  it('does not take other dotted paths', async () => {
    const at = await bench()
    await at.ask('/.well-known/x')
    await at.ask('/.portcullis-x')
    expect(at.seen.map(({ url }) => url)).toEqual([
      'http://upstream.test:8080/.well-known/x',
      'http://upstream.test:8080/.portcullis-x',
    ])
  })
})
