import { describe, expect, it } from 'vitest'
import { type BreakerOptions, circuitBreaker } from '../../src/gateway/index.ts'
import { type Bench, bench } from './support.ts'

const start = 1_790_000_000_000

async function breaking(
  options: BreakerOptions,
): Promise<{ at: Bench; pass: (ms: number) => void }> {
  let now = start
  const at = await bench({
    clock: () => now,
    upstreams: {
      app: { url: 'http://upstream.test', timeoutMs: 1000, breaker: circuitBreaker(options) },
    },
    routes: [{ path: '/*', to: 'app', access: 'public', retry: false }],
  })
  return { at, pass: (ms) => (now += ms) }
}

const down = (): never => {
  throw new TypeError('connect ECONNREFUSED')
}
const up = (): Response => new Response('upstream')
const types = (at: Bench): string[] =>
  at.events.map(({ type }) => type).filter((type) => type.startsWith('breaker'))

describe('a breaker', () => {
  it('opens at the failure it was told, and then nobody waits for the upstream', async () => {
    const { at, pass } = await breaking({ failures: 3, window: 10, pause: 5 })
    at.answer = down
    for (let i = 0; i < 3; i++) expect((await at.ask('/x')).status).toBe(502)
    expect(types(at)).toEqual(['breaker-opened'])
    pass(1500)
    const refused = await at.ask('/x')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '4'])
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(at.seen.length).toBe(3)
    expect(at.events.at(-1)).toMatchObject({ type: 'request-refused', reason: 'upstream-paused' })
  })

  it('lets one request through after the pause, and closes when that is answered', async () => {
    const { at, pass } = await breaking({ failures: 1, pause: 5 })
    at.answer = down
    await at.ask('/x')
    pass(5000)
    let release: (response: Response) => void = () => {}
    at.answer = () => new Promise((done) => (release = done))
    const probe = at.ask('/probe')
    while (at.seen.length < 2) await new Promise((done) => setTimeout(done, 0))
    expect((await at.ask('/meanwhile')).status).toBe(503)
    expect(at.seen.length).toBe(2)
    release(new Response('back'))
    expect(await (await probe).text()).toBe('back')
    at.answer = up
    expect((await at.ask('/x')).status).toBe(200)
    expect(types(at)).toEqual(['breaker-opened', 'breaker-closed'])
  })

  it('waits another pause where that one failed', async () => {
    const { at, pass } = await breaking({ failures: 1, pause: 5 })
    at.answer = down
    await at.ask('/x')
    pass(5000)
    expect((await at.ask('/x')).status).toBe(502)
    pass(4999)
    expect((await at.ask('/x')).status).toBe(503)
    pass(1)
    at.answer = up
    expect((await at.ask('/x')).status).toBe(200)
  })

  // Its client left, and workerd drops what runs for a client that left without a word.
  it('does not stay open for a probe that never ends', async () => {
    const { at, pass } = await breaking({ failures: 1, pause: 5 })
    at.answer = down
    await at.ask('/x')
    pass(5000)
    at.answer = () => new Promise(() => {})
    at.ask('/lost')
    while (at.seen.length < 2) await new Promise((done) => setTimeout(done, 0))
    pass(999)
    expect((await at.ask('/x')).status).toBe(503)
    pass(1)
    at.answer = up
    expect((await at.ask('/x')).status).toBe(200)
  })

  it('counts failures of one window only, and only where they are half of what ended in it', async () => {
    const { at, pass } = await breaking({ failures: 3, window: 10 })
    at.answer = down
    for (let i = 0; i < 2; i++) await at.ask('/x')
    pass(10_000)
    for (let i = 0; i < 2; i++) expect((await at.ask('/x')).status).toBe(502)
    pass(10_000)
    at.answer = up
    for (let i = 0; i < 4; i++) await at.ask('/x')
    at.answer = down
    // 4 answered: the fourth failure is half.
    for (let i = 0; i < 4; i++) expect((await at.ask('/x')).status).toBe(502)
    expect((await at.ask('/x')).status).toBe(503)
  })

  it.each([500, 502, 503, 504])('takes a %i of the upstream for an answer', async (status) => {
    const { at } = await breaking({ failures: 1 })
    at.answer = () => new Response('no', { status })
    for (let i = 0; i < 3; i++) expect((await at.ask('/x')).status).toBe(status)
    expect(types(at)).toEqual([])
  })

  it('of one upstream says nothing about another, and is off where it is not named', async () => {
    const rules = circuitBreaker({ failures: 1 })
    const at = await bench({
      upstreams: {
        app: { url: 'http://a.test', breaker: rules },
        b: { url: 'http://b.test', breaker: rules },
        c: { url: 'http://c.test', breaker: false },
      } as never,
      routes: [
        { path: '/b', to: 'b', access: 'public', retry: false },
        { path: '/c', to: 'c', access: 'public', retry: false },
        { path: '/*', to: 'app', access: 'public', retry: false },
      ] as never,
    })
    at.answer = down
    for (const path of ['/x', '/c', '/c']) await at.ask(path)
    expect((await at.ask('/x')).status).toBe(503)
    expect((await at.ask('/b')).status).toBe(502)
    expect((await at.ask('/c')).status).toBe(502)
  })

  it.each([
    [{ failures: 0 }, 'circuitBreaker.failures must be a whole number of requests from 1 to 1000'],
    [{ window: 601 }, 'circuitBreaker.window must be a whole number of seconds from 1 to 600'],
    [{ pause: 0.5 }, 'circuitBreaker.pause must be a whole number of seconds from 1 to 300'],
    [{ failure: 3 }, 'circuitBreaker.failure is not an option; did you mean failures?'],
  ])('is not built of %j', (options, message) => {
    expect(() => circuitBreaker(options as never)).toThrow(message)
  })

  it('is not built of anything else', async () => {
    const upstreams = { app: { url: 'http://a.test', breaker: true as never } }
    await expect(
      bench({ upstreams, routes: [{ path: '/*', to: 'app', access: 'public' }] }),
    ).rejects.toThrow('upstreams.app.breaker must be circuitBreaker({ ... }) or false')
  })
})
