import { describe, expect, it } from 'vitest'
import { type Answering, base64url, bench, order } from './support.ts'

/** Fails as fetch does where nobody listens, at every call that is listed; answers `upstream` otherwise. */
function failingAt(...calls: number[]): Answering {
  let call = 0
  return () => {
    call++
    if (calls.includes(call)) throw new TypeError('connect ECONNREFUSED')
    return new Response('upstream')
  }
}

describe('an upstream that refuses or resets', () => {
  it.each([
    ['GET', [1], 200, 2],
    ['HEAD', [1], 200, 2],
    ['OPTIONS', [1], 200, 2],
    ['GET', [1, 2], 502, 2],
    ['GET', [2], 200, 1],
    ['POST', [1], 502, 1],
    ['PUT', [1], 502, 1],
    ['PATCH', [1], 502, 1],
    ['DELETE', [1], 502, 1],
  ])('at %s, calls %j: %i after %i of them', async (method, failing, status, calls) => {
    const at = await bench()
    at.answer = failingAt(...failing)
    expect((await at.ask('/x', { method })).status).toBe(status)
    expect(at.seen.length).toBe(calls)
  })

  it('is asked the same again, and an event says so', async () => {
    const at = await bench()
    at.answer = failingAt(1)
    await at.ask('/x?y=1', { headers: { 'x-mine': '1' } })
    const [first, second] = at.seen
    expect([second?.url, second?.method]).toEqual([first?.url, first?.method])
    expect(second?.headers.get('x-mine')).toBe('1')
    expect(at.events).toMatchObject([{ type: 'upstream-retried', subject: 'app' }])
    expect(at.faults).toEqual([])
  })

  // The answer of a request that was given up must not start a session: its nonce is known to whoever saw that request.
  it('gets a session nonce of its own with each try, and the first one is worth nothing', async () => {
    const at = await bench()
    let call = 0
    at.answer = () => {
      if (++call === 1) throw new TypeError('reset')
      const stale = `${at.seen[0]?.headers.get('portcullis-session-nonce')}.${base64url('{"set":{"visits":1}}')}`
      return new Response('x', { headers: { 'portcullis-session': stale } })
    }
    const refused = await at.ask('/')
    const [first, second] = at.seen.map(({ headers }) => headers.get('portcullis-session-nonce'))
    expect(first).toMatch(/^[\w-]{22}$/)
    expect(second).toMatch(/^[\w-]{22}$/)
    expect(second).not.toBe(first)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect(at.events).toMatchObject([{}, { type: 'session-header-refused', reason: 'wrong-nonce' }])
    call = 0
    at.answer = (seen) => {
      if (++call === 1) throw new TypeError('reset')
      return new Response('x', {
        headers: { 'portcullis-session': order(seen, { set: { visits: 1 } }) },
      })
    }
    expect((await at.ask('/')).headers.getSetCookie().length).toBe(1)
  })

  it.each([500, 502, 503, 504])('is not asked again where it answered %i', async (status) => {
    const at = await bench()
    at.answer = () => new Response('no', { status })
    expect((await at.ask('/x')).status).toBe(status)
    expect(at.seen.length).toBe(1)
  })

  it('is not asked again where it sent no first byte in time', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test', sessions: true, timeoutMs: 20 } },
    })
    at.answer = ({ init }) =>
      new Promise((_done, fail) =>
        init.signal?.addEventListener('abort', () => fail(new Error('aborted'))),
      )
    expect((await at.ask('/x')).status).toBe(504)
    expect(at.seen.length).toBe(1)
  })

  it('is not asked again once the deadline of both tries is over', async () => {
    let now = 1_790_000_000_000
    const at = await bench({
      clock: () => now,
      upstreams: { app: { url: 'http://upstream.test', sessions: true, timeoutMs: 10_000 } },
    })
    at.answer = () => {
      now += 10_000
      throw new TypeError('reset')
    }
    expect((await at.ask('/x')).status).toBe(502)
    expect(at.seen.length).toBe(1)
  })

  it('is asked for an upgrade once', async () => {
    const at = await bench()
    at.answer = failingAt(1)
    const init = { headers: { upgrade: 'websocket', origin: 'https://app.example.com' } }
    const sent = new Request('https://app.example.com/x', init).headers.has('upgrade')
    await at.ask('/x', init)
    expect(at.seen.length).toBe(sent ? 1 : 2)
  })
})

describe('the option retry of a route', () => {
  const routes = (retry: boolean | 'idempotency-key') =>
    [{ path: '/*', to: 'app', access: 'public', retry }] as const
  it.each([
    [false, 'GET', {}, 1],
    [true, 'GET', {}, 2],
    [true, 'PUT', { 'idempotency-key': 'a' }, 1],
    ['idempotency-key', 'GET', {}, 2],
    ['idempotency-key', 'PUT', { 'idempotency-key': 'a' }, 2],
    ['idempotency-key', 'DELETE', { 'idempotency-key': 'a' }, 2],
    ['idempotency-key', 'DELETE', {}, 1],
    ['idempotency-key', 'POST', { 'idempotency-key': 'a' }, 1],
  ] as const)('%s: %s with %j is sent so often: ', async (retry, method, headers, calls) => {
    const at = await bench({ routes: [...routes(retry)] })
    at.answer = failingAt(1)
    await at.ask('/x', { method, headers })
    expect(at.seen.length).toBe(calls)
  })

  // Half of the body may be gone by the time the connection breaks; the other half alone would be another request.
  it('never repeats what has a body', async () => {
    const at = await bench({ routes: [...routes('idempotency-key')] })
    at.answer = failingAt(1)
    const answer = await at.ask('/x', {
      method: 'PUT',
      body: 'a',
      headers: { 'idempotency-key': 'a' },
    })
    expect([answer.status, at.seen.length]).toEqual([502, 1])
    expect(at.events).toMatchObject([{ type: 'request-refused', reason: 'upstream-unreachable' }])
  })
})

describe('the budget', () => {
  it('of an upstream that is down: three at once, then one for every tenth request', async () => {
    const at = await bench()
    at.answer = failingAt(...Array.from({ length: 100 }, (_, i) => i + 1))
    for (let i = 0; i < 33; i++) expect((await at.ask('/x')).status).toBe(502)
    // 30 tenths at the start and 33 earned: six second tries.
    expect(at.seen.length).toBe(33 + 6)
  })
})
