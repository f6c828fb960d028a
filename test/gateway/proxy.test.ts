import { describe, expect, it } from 'vitest'
import { holdTimers } from '../support/held-timers.ts'
import { type Bench, bench } from './support.ts'

/** An upstream that answers only when its request is aborted, as fetch does. */
function hanging(at: Bench): void {
  at.answer = ({ init }) =>
    new Promise((_resolve, reject) => {
      const stop = (): void => reject(new DOMException('aborted', 'AbortError'))
      if (init.signal?.aborted) stop()
      else init.signal?.addEventListener('abort', stop)
    })
}

describe('an upstream', () => {
  it.each([
    ['its own deadline', { app: { url: 'http://upstream.test', timeoutMs: 20 } }, undefined],
    ["the route's deadline", { app: { url: 'http://upstream.test' } }, 20],
  ])('that sends no first byte within %s is 504', async (_what, upstreams, timeoutMs) => {
    const at = await bench({
      upstreams,
      routes: [{ path: '/*', to: 'app', access: 'public', ...(timeoutMs && { timeoutMs }) }],
    })
    hanging(at)
    const response = await at.ask('/x')
    expect(response.status).toBe(504)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(at.faults).toMatchObject([{ code: 'ERR_UPSTREAM_TIMEOUT' }])
  })

  it('that takes its time after the first byte is not cut off', async () => {
    const at = await bench({
      upstreams: { app: { url: 'http://upstream.test', sessions: true, timeoutMs: 12_345 } },
    })
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    // The deadline begins once the first 100 ms are over.
    const timers = holdTimers(100, 12_245)
    let running = 0
    at.answer = () => {
      running = timers.running
      return new Response(readable)
    }
    const response = await at.ask('/x').finally(timers.restore)
    timers.runOut()
    expect([running, at.last().init.signal?.aborted]).toEqual([1, false])
    const writer = writable.getWriter()
    const wrote = writer.write(new TextEncoder().encode('late')).then(() => writer.close())
    expect(await response.text()).toBe('late')
    await wrote
  })

  it('that refuses or resets is 502, without a word of why', async () => {
    const at = await bench()
    at.answer = () => {
      throw new TypeError('connect ECONNREFUSED 10.0.0.7:8080')
    }
    const response = await at.ask('/x')
    expect(response.status).toBe(502)
    expect(await response.text()).not.toMatch(/ECONN|10\.0/)
    expect(at.faults).toMatchObject([{ code: 'ERR_UPSTREAM_UNREACHABLE' }])
  })

  it('is left when the client leaves, and nobody is alarmed', async () => {
    const at = await bench()
    hanging(at)
    const client = new AbortController()
    const request = new Request('https://app.example.com/x', { signal: client.signal })
    const answer = at.gateway.fetch(request)
    while (at.seen.length === 0) await new Promise((done) => setTimeout(done, 0))
    client.abort()
    // Only where a Request follows the signal it was made with; else the deadline is what ends it.
    if (!request.signal.aborted) return
    await answer
    expect(at.last().init.signal?.aborted).toBe(true)
    expect(at.faults).toEqual([])
  })

  it('is left when the client leaves later, at its body as well', async () => {
    const at = await bench()
    for (const answersAfterMs of [0, 150]) {
      const body = new TransformStream<Uint8Array, Uint8Array>()
      at.answer = async () => {
        await new Promise((done) => setTimeout(done, answersAfterMs))
        return new Response(body.readable)
      }
      const client = new AbortController()
      const request = new Request('https://app.example.com/x', { signal: client.signal })
      const response = await at.gateway.fetch(request)
      client.abort()
      // workerd ends the fetch with the request of its client, and not by a signal.
      const endsItself = globalThis.navigator?.userAgent === 'Cloudflare-Workers'
      if (request.signal.aborted && !endsItself) {
        expect(at.last().init.signal?.aborted).toBe(true)
      }
      await response.body?.cancel()
    }
  })

  it('gets the body as it comes', async () => {
    const at = await bench()
    at.answer = async ({ init }) =>
      new Response(await new Response(init.body as ReadableStream).text())
    const response = await at.ask('/x', { method: 'POST', body: 'a=1&b=2' })
    expect(await response.text()).toBe('a=1&b=2')
  })

  it('sees the path under its own, and the query as it was', async () => {
    const at = await bench({ upstreams: { app: { url: 'https://api.test/v1/', sessions: true } } })
    await at.ask('/a/b?c=%2e%2e&d=//e')
    expect(at.last().url).toBe('https://api.test/v1/a/b?c=%2e%2e&d=//e')
  })
})

describe('WebSocket', () => {
  const upgrade = (origin?: string): RequestInit => ({
    headers: { upgrade: 'websocket', connection: 'Upgrade', ...(origin && { origin }) },
  })
  /** Runtimes that forbid these headers on a Request cannot be asked for a socket this way. */
  const can =
    new Request('https://a.test/', upgrade('https://a.test')).headers.get('origin') !== null

  // Cross-site WebSocket hijacking: a page elsewhere opens a socket with the visitor's cookies.
  it.each(['https://evil.test', 'null', 'http://app.example.com', 'https://app.example.com:444'])(
    'of a page on %s is 403',
    async (origin) => {
      const at = await bench()
      const { status } = await at.ask('/x', upgrade(origin))
      expect(status).toBe(can ? 403 : 200)
      expect(at.seen.length).toBe(can ? 0 : 1)
    },
  )

  it('of our own pages and of clients that are no browsers goes on', async () => {
    const at = await bench()
    for (const origin of ['https://app.example.com', undefined]) {
      await at.ask('/x', upgrade(origin))
      if (can) expect(at.last().headers.get('upgrade')).toBe('websocket')
    }
    expect(at.seen.length).toBe(2)
  })

  // new WebSocket('wss://app.example.com/x') on a page of https://partner.test, which the configuration trusts.
  it.each([
    ['of the gateway', { csrf: { trustedOrigins: ['https://partner.test'] } }],
    [
      'of a route',
      {
        routes: [
          {
            path: '/x',
            to: 'app' as const,
            access: 'public' as const,
            csrf: { trustedOrigins: ['https://partner.test'] },
          },
          { path: '/*', to: 'app' as const, access: 'public' as const },
        ],
        signIn: undefined as never,
      },
    ],
  ])('G8: of a page on a trusted origin %s goes on, as its POST does', async (_, options) => {
    const at = await bench(options)
    expect(
      (await at.ask('/x', { method: 'POST', headers: { origin: 'https://partner.test' } })).status,
    ).toBe(200)
    expect((await at.ask('/x', upgrade('https://partner.test'))).status).toBe(200)
    if (can) expect(at.last().headers.get('upgrade')).toBe('websocket')
    expect((await at.ask('/x', upgrade('https://partner.test.evil.test'))).status).toBe(
      can ? 403 : 200,
    )
    expect((await at.ask('/x', upgrade('null'))).status).toBe(can ? 403 : 200)
  })

  it('is 501 where the runtime cannot hand over a socket', async () => {
    const { fetch: _none, ...rest } = { fetch: undefined }
    const at = await bench({ ...rest, fetch: undefined as never })
    if ('WebSocketPair' in globalThis || !can) return expect(at.seen).toEqual([])
    expect((await at.ask('/x', upgrade('https://app.example.com'))).status).toBe(501)
  })
})
