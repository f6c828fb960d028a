import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { raw, rawFetch } from '../../support/raw.ts'
import { type Pair, publicOrigin, startPair } from './support.ts'

let at: Pair
let elsewhere: Origin
beforeAll(async () => {
  at = await startPair()
  elsewhere = await startOrigin()
})
afterAll(async () => {
  await at.stop()
  await elsewhere.stop()
})
beforeEach(() => {
  at.origin.reset()
  elsewhere.reset()
})

describe('to the origin', () => {
  // Connection: X-Forwarded-For, Portcullis-Session-Nonce: have the gateway's own words removed as hop-by-hop.
  it('goes what the gateway says, whatever Connection lists', async () => {
    const headers: Array<[string, string]> = [
      ['Connection', 'close, X-Internal, X-Forwarded-For, Portcullis-Session-Nonce, X-Request-Id'],
      ['X-Internal', 'planted'],
      ['X-Kept', 'yes'],
      ['CF-Connecting-IP', '203.0.113.9'],
      ['Keep-Alive', 'timeout=5'],
      ['TE', 'trailers'],
      ['Proxy-Authorization', 'Basic planted'],
      ['Proxy-Connection', 'planted'],
      ['X-Forwarded-For', 'planted'],
      ['X-Forwarded-Host', 'planted'],
      ['X_Real_IP', 'planted'],
      ['Portcullis-User', 'planted'],
      ['portcullis_session', 'planted'],
      ['Portcullis_Assertion', 'planted'],
      ['X-Original-URL', '/planted'],
    ]
    await rawFetch(at.worker.port, { path: '/x', headers })
    const got = at.origin.last()
    expect(got.headers.filter(([, value]) => value.includes('planted'))).toEqual([])
    for (const name of ['x-internal', 'keep-alive', 'te', 'proxy-authorization'])
      expect(got.all(name)).toEqual([])
    expect(got.header('x-kept')).toBe('yes')
    expect(got.all('x-forwarded-for')).toEqual(['203.0.113.9'])
    expect(got.all('x-forwarded-host')).toEqual(['gateway.test'])
    expect(got.all('x-forwarded-proto')).toEqual(['http'])
    expect(got.header('portcullis-session-nonce')).toMatch(/^[\w-]{22}$/)
    expect(got.header('x-request-id')).toMatch(/^[\w-]{22}$/)
    expect(got.header('host')).toBe(new URL(at.origin.url).host)
  })

  // Content-Length and Transfer-Encoding both: two servers that disagree where the request ends. workerd takes the second.
  it('goes one request for one request, however its end is described', async () => {
    const smuggled = 'GET /admin HTTP/1.1\r\nHost: gateway.test\r\n\r\n'
    const body = `0\r\n\r\n${smuggled}`
    await raw(
      at.worker.port,
      `POST /x HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    )
    expect(at.origin.received.map(({ url }) => url).filter((url) => url !== '/x')).toEqual([])
    expect(at.origin.malformed).toEqual([])
  })

  it('goes a body with its length, and a chunked one', async () => {
    await rawFetch(at.worker.port, { method: 'POST', path: '/x', body: 'hello' })
    expect(at.origin.last()).toMatchObject({ text: 'hello' })
    expect(at.origin.last().header('content-length')).toBe('5')
    await rawFetch(at.worker.port, {
      method: 'POST',
      path: '/x',
      headers: [['Transfer-Encoding', 'chunked']],
      body: '5\r\nhello\r\n0\r\n\r\n',
    })
    expect(at.origin.last()).toMatchObject({ text: 'hello' })
  })
})

describe('to the client', () => {
  it('goes nothing that was meant for one hop or for the gateway', async () => {
    at.origin.answer({
      headers: [
        ['Connection', 'x-internal'],
        ['X-Internal', 'planted'],
        ['Portcullis-Session', 'planted'],
        ['Portcullis_User', 'planted'],
        ['Portcullis-Anything', 'planted'],
        ['X-Kept', 'yes'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', '__Host-session=planted; Path=/; Secure'],
        ['Set-Cookie', 'b=2; Domain=127.0.0.1'],
      ],
      body: 'x',
    })
    const answer = await rawFetch(at.worker.port, { path: '/x' })
    expect(answer.headers.filter(([, value]) => value.includes('planted'))).toEqual([])
    expect(answer.header('x-kept')).toBe('yes')
    expect(answer.all('set-cookie')).toEqual(['a=1; SameSite=Lax', 'b=2; SameSite=Lax'])
    expect(answer.header('x-content-type-options')).toBe('nosniff')
  })

  it.each([
    ['GET', 302],
    ['POST', 303],
    ['POST', 307],
  ])('goes a redirect to another host, unfollowed (%s, %s)', async (method, status) => {
    at.origin.answer({ status, headers: { location: `${elsewhere.url}/steal` } })
    const answer = await rawFetch(at.worker.port, {
      method,
      path: '/x',
      headers: [
        ['Cookie', 'secret=1'],
        ['Authorization', 'Bearer secret'],
        ['X-Api-Key', 'secret'],
        ['Sec-Fetch-Site', 'same-origin'],
      ],
      ...(method === 'POST' && { body: 'user=alice&password=secret' }),
    })
    expect([answer.status, answer.header('location')]).toEqual([status, `${elsewhere.url}/steal`])
    expect(at.origin.received.length).toBe(1)
    expect(elsewhere.received).toEqual([])
  })

  it('goes a redirect on the upstream as one on the public origin', async () => {
    at.origin.answer({ status: 302, headers: { location: `${at.origin.url}/next?a=1` } })
    expect((await rawFetch(at.worker.port, { path: '/x' })).header('location')).toBe(
      `${publicOrigin}/next?a=1`,
    )
  })

  it('goes no body where there is none, and the length of what HEAD would have had', async () => {
    at.origin.answer({ status: 204 })
    expect((await rawFetch(at.worker.port, { path: '/x' })).status).toBe(204)
    at.origin.answer({ status: 304, headers: { etag: '"1"' } })
    const unchanged = await rawFetch(at.worker.port, {
      path: '/x',
      headers: [['If-None-Match', '"1"']],
    })
    expect([unchanged.status, unchanged.header('etag')]).toEqual([304, '"1"'])
    at.origin.answer({ headers: { 'content-length': '1234' } })
    const head = await rawFetch(at.worker.port, { method: 'HEAD', path: '/x' })
    expect([head.status, head.header('content-length'), head.text]).toEqual([200, '1234', ''])
    at.origin.answer({ status: 206, headers: { 'content-range': 'bytes 0-1/9' }, body: 'ab' })
    const part = await rawFetch(at.worker.port, { path: '/x', headers: [['Range', 'bytes=0-1']] })
    expect([part.status, part.header('content-range'), part.text]).toEqual([
      206,
      'bytes 0-1/9',
      'ab',
    ])
  })
})

describe('the session header', () => {
  it('of an honest origin logs in; the cookie opens /admin, and never reaches the origin', async () => {
    at.origin.answer((request) => ({
      status: 303,
      headers: {
        location: '/',
        'portcullis-session': `${request.header('portcullis-session-nonce')}.${encode({ start: { data: { user: 'a', roles: ['admin'] } } })}`,
      },
    }))
    const login = await rawFetch(at.worker.port, { method: 'POST', path: '/login', body: 'x' })
    expect(login.status).toBe(303)
    expect(login.header('cache-control')).toBe('no-store')
    const cookie = login.header('set-cookie')?.split(';')[0] ?? ''
    at.origin.reset()
    const admin = await rawFetch(at.worker.port, {
      path: '/admin/x',
      headers: [['Cookie', `a=1; ${cookie}`]],
    })
    expect(admin.status).toBe(200)
    expect(at.origin.last().header('cookie')).toBe('a=1')
    expect(at.origin.last().header('portcullis-assertion')).toMatch(/^eyJ/)
  })

  // The answer of another request, replayed by a cache or copied by whoever saw it.
  it('with an old nonce does nothing, and is noticed', async () => {
    at.origin.reset()
    await rawFetch(at.worker.port, { method: 'POST', path: '/login', body: 'x' })
    const old = at.origin.last().header('portcullis-session-nonce')
    at.origin.answer({
      headers: { 'portcullis-session': `${old}.${encode({ start: { data: { user: 'admin' } } })}` },
    })
    const answer = await rawFetch(at.worker.port, { method: 'POST', path: '/login', body: 'x' })
    expect(answer.all('set-cookie')).toEqual([])
    await expect
      .poll(() => at.worker.stdout.join('\n'))
      .toContain('"session-header-refused","reason":"wrong-nonce"')
  })

  // ?lang=x%0d%0aPortcullis-Session:%20... in an origin that writes its headers by hand: a second line of the name.
  it('on two lines does nothing, even if one of them is right', async () => {
    at.origin.answer((request) => {
      const right = `${request.header('portcullis-session-nonce')}.${encode({ start: { data: { user: 'bob' } } })}`
      const injected = `${'A'.repeat(22)}.${encode({ start: { data: { user: 'admin' } } })}`
      return {
        headers: [
          ['Portcullis-Session', injected],
          ['Portcullis-Session', right],
        ],
      }
    })
    const answer = await rawFetch(at.worker.port, { method: 'POST', path: '/login', body: 'x' })
    expect(answer.all('set-cookie')).toEqual([])
    await expect
      .poll(() => at.worker.stdout.join('\n'))
      .toContain('"session-header-refused","reason":"two-headers"')
  })

  // An endpoint like httpbin's: it answers with the headers it was asked with.
  it('that a client has the origin echo does nothing', async () => {
    at.origin.answer((request) => ({
      headers: {
        'Portcullis-Session': `${request.header('x-echo') ?? request.header('portcullis-session') ?? 'none'}`,
      },
    }))
    const forged = `${'A'.repeat(22)}.${encode({ start: { data: { user: 'admin' } } })}`
    for (const name of ['X-Echo', 'Portcullis-Session', 'portcullis_session']) {
      const answer = await rawFetch(at.worker.port, {
        method: 'POST',
        path: '/login',
        headers: [[name, forged]],
        body: 'x',
      })
      expect(answer.all('set-cookie')).toEqual([])
    }
    expect(at.origin.received.map((request) => request.header('portcullis-session'))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('on a route that grants nothing does nothing', async () => {
    at.origin.answer((request) => ({
      headers: {
        'portcullis-session': `${request.header('portcullis-session-nonce')}.${encode({ start: { data: { user: 'a' } } })}`,
      },
    }))
    const answer = await rawFetch(at.worker.port, { method: 'POST', path: '/x', body: 'x' })
    expect(answer.all('set-cookie')).toEqual([])
    await expect
      .poll(() => at.worker.stdout.join('\n'))
      .toContain('"session-header-refused","reason":"not-granted"')
  })
})

function encode(verbs: object): string {
  return Buffer.from(JSON.stringify(verbs)).toString('base64url')
}
