import { describe, expect, it } from 'vitest'
import {
  type Answering,
  base64url,
  bench,
  claimsOf,
  cookieOf,
  order,
  sessions,
  signIn,
} from './support.ts'

/** An upstream that answers with these verbs, and the nonce of the request. */
function obeying(verbs: unknown, status = 200): Answering {
  return (seen) =>
    new Response(status === 304 ? null : 'done', {
      status,
      headers: { 'portcullis-session': order(seen, verbs) },
    })
}

describe('an upstream that answers with Portcullis-Session', () => {
  it('logs in: the next request carries who it is', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice', visits: 3 })
    await at.ask('/x', { headers: { Cookie: cookie } })
    const claims = claimsOf(at.last().headers.get('portcullis-assertion'))
    expect(claims).toMatchObject({ sub: 'alice', claims: { visits: 3 } })
  })

  it('keeps what it names of the session before', async () => {
    const at = await bench()
    at.answer = obeying({ set: { visits: 2, cart: ['a'] } })
    const visitor = cookieOf(await at.ask('/'))
    at.answer = obeying({ start: { data: { user: 'alice' }, keep: ['visits'] } })
    const cookie = cookieOf(
      await at.ask('/login', { method: 'POST', headers: { Cookie: visitor } }),
    )
    expect(await dataOf(cookie)).toEqual({ user: 'alice', visits: 2 })
  })

  it('counts visits: 1, 2, 3', async () => {
    const at = await bench()
    at.answer = obeying({ incr: { visits: 1 } })
    let cookie = ''
    for (const count of [1, 2, 3]) {
      cookie = cookieOf(await at.ask('/', { headers: { Cookie: cookie } }))
      expect(await dataOf(cookie)).toEqual({ visits: count })
    }
  })

  it('sets, unsets and increments in one step', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice', visits: 1, cart: ['a'] })
    at.answer = obeying({ set: { roles: ['admin'] }, unset: ['cart'], incr: { visits: -5 } })
    const response = await at.ask('/', { headers: { Cookie: cookie } })
    expect(await dataOf(cookieOf(response))).toEqual({
      user: 'alice',
      visits: -4,
      roles: ['admin'],
    })
    expect(response.headers.getSetCookie().length).toBe(1)
  })

  it('leaves a message for the next request', async () => {
    const at = await bench()
    at.answer = obeying({ flash: { notice: 'Saved' } })
    expect(cookieOf(await at.ask('/'))).toContain('__Host-session=')
  })

  it('logs out, also from a page that says 404', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice' })
    for (const status of [200, 303, 401, 404]) {
      at.answer = obeying({ end: true }, status)
      const response = await at.ask('/logout', { method: 'POST', headers: { Cookie: cookie } })
      expect(response.status).toBe(status)
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^__Host-session=;.*Max-Age=0/),
      ])
    }
    // A stateless cookie opens until its own end, so each of the four requests ended the same session.
    expect(at.events.map(({ type, reason }) => [type, reason])).toEqual(
      Array(4).fill(['session-ended', 'ended']),
    )
  })

  it('starts on GET where the route says so', async () => {
    const at = await bench()
    at.answer = obeying({ start: { data: { user: 'alice' } } })
    expect(cookieOf(await at.ask('/callback'))).toContain('__Host-session=')
  })

  it('is kept by no cache, and its header goes no further', async () => {
    const at = await bench()
    at.answer = (seen) =>
      new Response('x', {
        headers: {
          'portcullis-session': order(seen, { incr: { visits: 1 } }),
          'cache-control': 'public, max-age=600',
          'cdn-cache-control': 'max-age=600',
        },
      })
    const { headers } = await at.ask('/')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.has('cdn-cache-control')).toBe(false)
    expect(headers.has('portcullis-session')).toBe(false)
  })
})

describe('a header that is not applied', () => {
  const login = { start: { data: { user: 'admin' } } }
  const old = `AbCdEfGhIjKlMnOpQrStUv.${base64url(JSON.stringify(login))}`

  it.each<[string, string, RequestInit, Answering, string]>([
    // An answer that some cache kept from another visitor, or a header that was copied from one.
    [
      'with the nonce of another request',
      '/login',
      { method: 'POST' },
      answering(() => old),
      'wrong-nonce',
    ],
    // GET /redirect?to=%0d%0aPortcullis-Session:... and /echo-headers: a stranger chooses a header, not the nonce.
    [
      'without a nonce',
      '/login',
      { method: 'POST' },
      answering(() => base64url(JSON.stringify(login))),
      'malformed',
    ],
    ['twice', '/login', { method: 'POST' }, twice(login), 'two-headers'],
    [
      'with an unknown member',
      '/login',
      { method: 'POST' },
      obeying({ ...login, role: 'admin' }),
      'malformed',
    ],
    [
      'with a verb the route does not grant',
      '/x',
      { method: 'POST' },
      obeying(login),
      'not-granted',
    ],
    [
      'that sets where only start is granted',
      '/login',
      { method: 'POST' },
      obeying({ set: { user: 'a' } }),
      'not-granted',
    ],
    // <img src="/all"> on another site, on a page that answers GET with a login.
    ['that starts on GET', '/all', {}, obeying(login), 'unsafe-method'],
    [
      'that starts on HEAD of a route for GET',
      '/callback',
      { method: 'HEAD' },
      obeying(login),
      'unsafe-method',
    ],
    [
      'that answers OPTIONS',
      '/all',
      { method: 'OPTIONS' },
      obeying({ set: { visits: 1 } }),
      'method',
    ],
    ['with 401', '/login', { method: 'POST' }, obeying(login, 401), 'status'],
    ['with 304', '/', {}, obeying({ set: { visits: 1 } }, 304), 'status'],
    ['with 500', '/login', { method: 'POST' }, obeying(login, 500), 'status'],
    ['that ends with 500', '/logout', { method: 'POST' }, obeying({ end: true }, 500), 'status'],
    ['for a version', '/', {}, obeying({ set: { visits: 1 }, ifVersion: '3' }), 'unsupported'],
  ])('%s', async (_what, path, init, answer, reason) => {
    const at = await bench()
    at.answer = answer
    const response = await at.ask(path, init)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const [event, ...more] = at.events
    expect(event).toEqual({
      type: 'session-header-refused',
      reason,
      subject: 'app',
      request: at.last().headers.get('x-request-id'),
    })
    expect(more).toEqual([])
    const nonce = at.last().headers.get('portcullis-session-nonce') ?? ''
    expect(JSON.stringify(event)).not.toContain(nonce)
    expect(JSON.stringify(event)).not.toMatch(/admin|alice/)
  })

  it('from an upstream without part in sessions', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test' } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    at.answer = answering(() => old)
    expect((await at.ask('/x', { method: 'POST' })).headers.getSetCookie()).toEqual([])
    expect(at.events).toMatchObject([{ type: 'session-header-refused', reason: 'not-granted' }])
  })
})

describe('a header that cannot be kept', () => {
  it.each([
    ['an increment of what is no number', { incr: { user: 1 } }],
    ['another user without a login', { set: { user: 'mallory' } }],
  ])('%s: the client gets an error, not the answer', async (_what, verbs) => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice' })
    let cancelled = false
    const body = new ReadableStream({
      cancel(): void {
        cancelled = true
      },
    })
    at.answer = (seen) =>
      new Response(body, { headers: { 'portcullis-session': order(seen, verbs) } })
    const response = await at.ask('/', { headers: { Cookie: cookie } })
    expect(response.status).toBe(500)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(at.faults.length).toBe(1)
    expect(cancelled).toBe(true)
  })
})

/** What a session's cookie holds. */
function dataOf(cookie: string): Promise<unknown> {
  return sessions.get({
    context: { request: new Request('https://app.example.com/', { headers: { Cookie: cookie } }) },
  })
}

function answering(value: () => string): Answering {
  return () => new Response('x', { headers: { 'portcullis-session': value() } })
}

function twice(verbs: unknown): Answering {
  return (seen) => {
    const headers = new Headers()
    headers.append('portcullis-session', order(seen, verbs))
    headers.append('portcullis-session', order(seen, verbs))
    return new Response('x', { headers })
  }
}
