/** What an isolate remembers for a while, after its clock was set back: for that while at most. */
import { describe, expect, it } from 'vitest'
import { circuitBreaker, publicCache } from '../../src/gateway/index.ts'
import { bench, claimsOf, signIn } from './support.ts'

const start = 1_790_000_000_000
const hour = 3_600_000

/** A clock that a test sets. */
function clockAt(now = start): { now: number; read: () => number } {
  const clock = { now, read: () => clock.now }
  return clock
}

const refuse = (): never => {
  throw new TypeError('connect ECONNREFUSED')
}

describe('after a clock was set back by an hour', () => {
  const breaking = (clock: { read: () => number }, options: object) =>
    bench({
      clock: clock.read,
      upstreams: {
        app: { url: 'http://upstream.test', timeoutMs: 60_000, breaker: circuitBreaker(options) },
      },
      routes: [{ path: '/*', to: 'app', access: 'public', retry: false }],
    })

  it('L3: an open breaker pauses once more, and then asks', async () => {
    const clock = clockAt()
    const at = await breaking(clock, { failures: 1, pause: 5 })
    at.answer = refuse
    await at.ask('/x')
    clock.now -= hour
    const paused = await at.ask('/x')
    expect([paused.status, paused.headers.get('retry-after'), at.seen.length]).toEqual([
      503,
      '5',
      1,
    ])
    clock.now += 4_999
    expect((await at.ask('/x')).status).toBe(503)
    clock.now += 1
    at.answer = () => new Response('back')
    expect((await at.ask('/x')).status).toBe(200)
  })

  it('L3: a probe that never ends holds others for one pause', async () => {
    const clock = clockAt()
    const at = await breaking(clock, { failures: 1, pause: 5 })
    at.answer = refuse
    await at.ask('/x')
    clock.now += 5_000
    let release: (response: Response) => void = () => {}
    at.answer = () => new Promise((done) => (release = done))
    const probing = at.ask('/probe')
    while (at.seen.length < 2) await new Promise((done) => setTimeout(done, 0))
    clock.now -= hour
    expect((await at.ask('/x')).headers.get('retry-after')).toBe('5')
    clock.now += 5_000
    at.answer = () => new Response('back')
    expect((await at.ask('/x')).status).toBe(200)
    release(new Response('late'))
    expect((await probing).status).toBe(200)
  })

  it('L3: failures of the window before do not count with those of an hour later', async () => {
    const clock = clockAt()
    const at = await breaking(clock, { failures: 3, window: 10, pause: 5 })
    at.answer = refuse
    await at.ask('/x')
    await at.ask('/x')
    clock.now -= hour
    await at.ask('/x')
    expect((await at.ask('/x')).status).toBe(502)
    expect(at.seen.length).toBe(4)
  })

  it('L3: an assertion is signed anew, for one of the future is of no use', async () => {
    const clock = clockAt()
    const at = await bench({ clock: clock.read })
    const cookie = await signIn(at, { user: 'alice' })
    const issuedAt = async (): Promise<unknown> => {
      await at.ask('/x', { headers: { Cookie: cookie } })
      return claimsOf(at.last().headers.get('portcullis-assertion')).iat
    }
    expect(await issuedAt()).toBe(start / 1000)
    // Within the minute by which clocks may differ, so that the session stays one.
    clock.now -= 30_000
    expect(await issuedAt()).toBe(start / 1000 - 30)
    clock.now += 29_000
    expect(await issuedAt()).toBe(start / 1000 - 30)
    clock.now += 1_000
    expect(await issuedAt()).toBe(start / 1000)
  })

  it('L3: reports of browsers are told again, each kind and the flood of a minute', async () => {
    const clock = clockAt()
    const at = await bench({ clock: clock.read })
    const report = (from: number, count: number): Promise<Response> =>
      at.ask('/.portcullis/reports', {
        method: 'POST',
        headers: { 'content-type': 'application/reports+json' },
        body: JSON.stringify(
          Array.from({ length: count }, (_, i) => ({
            type: 'csp-violation',
            body: { effectiveDirective: 'img-src', blockedURL: `https://${from + i}.example` },
          })),
        ),
      })
    for (const from of [0, 20, 40, 60]) await report(from, 20)
    expect(at.events).toHaveLength(60)
    clock.now -= hour
    await report(0, 1)
    await report(100, 20)
    expect(at.events).toHaveLength(81)
    await report(0, 1)
    expect(at.events).toHaveLength(81)
  })

  it('L3: what /ready found is asked for again', async () => {
    const clock = clockAt()
    let calls = 0
    const at = await bench({ ready: { store: async () => void calls++ }, clock: clock.read })
    for (const now of [
      start,
      start + 4_999,
      start - hour,
      start - hour + 4_999,
      start - hour + 5_000,
    ]) {
      clock.now = now
      await at.ask('/.portcullis/ready')
    }
    expect(calls).toBe(3)
  })

  it('L3: a cached answer is not fresh for an hour more', async () => {
    const clock = clockAt()
    const kept = new Map<string, Response>()
    const store = {
      match: async ({ url }: Request): Promise<Response | undefined> => kept.get(url)?.clone(),
      put: async ({ url }: Request, response: Response): Promise<void> =>
        void kept.set(url, response),
    }
    const cache = publicCache({ store })
    const at = await bench({
      clock: clock.read,
      routes: [{ path: '/*', to: 'app', access: 'public', cache }],
    })
    at.answer = () =>
      new Response(`${at.seen.length}`, {
        headers: { 'cache-control': 'max-age=60', 'content-type': 'text/plain' },
      })
    const get = async (): Promise<string> => {
      const works: Array<Promise<unknown>> = []
      const context = { waitUntil: (work: Promise<unknown>): unknown => works.push(work) }
      const text = await (
        await at.gateway.fetch(new Request('https://app.example.com/x'), undefined, context)
      ).text()
      await Promise.all(works)
      return text
    }
    expect([await get(), await get()]).toEqual(['1', '1'])
    clock.now -= hour
    expect([await get(), await get()]).toEqual(['2', '2'])
    // Clocks of two machines may differ by as much.
    clock.now -= 59_000
    expect(await get()).toBe('2')
  })

  it('L3: a second try gets no more time than the first one left', async () => {
    const clock = clockAt()
    const given: number[] = []
    const at = await bench({
      clock: clock.read,
      upstreams: { app: { url: 'http://upstream.test', timeoutMs: 1000 } },
      routes: [{ path: '/*', to: 'app', access: 'public' }],
    })
    at.answer = (seen) => {
      given.push(clock.now)
      clock.now -= hour
      if (given.length === 1) throw new TypeError('connect ECONNREFUSED')
      return new Promise((_, reject) => {
        seen.init.signal?.addEventListener('abort', () =>
          reject(new DOMException('aborted', 'AbortError')),
        )
      })
    }
    // With an hour more it would not end before the test does.
    expect((await at.ask('/x')).status).toBe(504)
    expect(given).toHaveLength(2)
  })
})
