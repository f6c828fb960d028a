/** Ready, maintenance and the schedule of a gateway. */
import { describe, expect, it } from 'vitest'
import { type StoreProbe, uptime } from '../../src/monitor/index.ts'
import { type Bench, bench, type Overrides, signIn } from './support.ts'

const upstreams = {
  app: { url: 'http://upstream.test:8080/base', sessions: true, probe: '/health' },
} as const

describe('/.portcullis/ready', () => {
  const ready = '/.portcullis/ready'

  function counting(
    answer: () => Promise<unknown> = async () => 1,
  ): StoreProbe & { calls: number } {
    const probe = Object.assign(
      () => {
        probe.calls++
        return answer()
      },
      { calls: 0 },
    )
    return probe
  }

  it.each(['GET', 'HEAD'])('answers %s with yes, and is kept nowhere', async (method) => {
    const at = await bench()
    const response = await at.ask(ready, { method })
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await response.text()).toBe(method === 'HEAD' ? '' : '{"ok":true}')
    expect(at.seen).toEqual([])
  })

  it.each<[what: string, overrides: Overrides, subject: string, reason: string]>([
    [
      'the store fails',
      { ready: { store: () => Promise.reject(new Error('redis://secret')) } },
      'store',
      'unreachable',
    ],
    ['the store hangs', { ready: { store: () => new Promise(() => {}) } }, 'store', 'timeout'],
    [
      'an upstream is asked and is not well',
      { upstreams, ready: { upstreams: true } },
      'app',
      'http-500',
    ],
  ])(
    'says no without a word of why where %s; the event knows',
    async (_, overrides, subject, reason) => {
      const at = await bench(overrides)
      at.answer = () => new Response('stack trace', { status: 500 })
      const response = await at.ask(ready)
      expect([response.status, await response.text()]).toEqual([503, '{"ok":false}'])
      expect(at.events).toEqual([{ type: 'not-ready', subject, reason }])
    },
  )

  it('asks an upstream below its base path, without a cookie, an assertion or a redirect', async () => {
    const at = await bench({ upstreams, ready: { upstreams: true } })
    expect((await at.ask(ready, { headers: { cookie: 'a=1' } })).status).toBe(200)
    const { url, headers, init } = at.last()
    expect([url, init.redirect]).toEqual(['http://upstream.test:8080/base/health', 'manual'])
    expect([...headers.keys()]).toEqual(['accept', 'user-agent'])
  })

  it('asks no upstream by default', async () => {
    const at = await bench({ upstreams })
    expect([(await at.ask(ready)).status, at.seen.length]).toEqual([200, 0])
  })

  it('says no where the environment cannot be served', async () => {
    const at = await bench({ publicOrigin: () => 'not an origin' })
    const response = await at.ask(ready)
    expect([response.status, await response.text()]).toEqual([503, '{"ok":false}'])
    expect((await at.ask('/.portcullis/health')).status).toBe(200)
  })

  // Probes come from every region and every load balancer, and anybody can send them.
  it('asks the store once for a hundred at a time, and once in five seconds', async () => {
    let now = 1_790_000_000_000
    const waiting: Array<() => void> = []
    const store = counting(() => new Promise<void>((done) => waiting.push(done)))
    const answer = async (): Promise<void> => {
      while (waiting.length === 0) await new Promise((done) => setTimeout(done, 0))
      waiting.pop()?.()
    }
    const at = await bench({ ready: { store }, clock: () => now })
    const asking = Array.from({ length: 100 }, () => at.ask(ready))
    await answer()
    const answers = await Promise.all(asking)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(store.calls).toBe(1)
    now += 4999
    await at.ask(ready)
    expect(store.calls).toBe(1)
    now += 1
    const again = at.ask(ready)
    await answer()
    await again
    expect(store.calls).toBe(2)
  })

  it('answers those who waited for one that never comes back', async () => {
    let asked: () => void
    const first = new Promise<void>((done) => {
      asked = done
    })
    const store = counting(() => {
      asked()
      return new Promise(() => {})
    })
    const at = await bench({ ready: { store } })
    const answer = at.ask(ready)
    await first
    expect([(await at.ask(ready)).status, (await answer).status, store.calls]).toEqual([
      503, 503, 1,
    ])
  })

  it.each([
    ['/.portcullis/ready/', 404],
    ['/.portcullis/READY', 404],
    ['/.portcullis/health/../x', 404],
    ['/.portcullis//ready', 308],
    ['/.portcullis/ready%2f..', 400],
  ])('is one exact path: %s is %d and never an upstream’s', async (path, status) => {
    const at = await bench()
    const url = `https://app.example.com${path}`
    // CVE-2026-34457 of another proxy: whoever called itself a probe was let through.
    const response = await at.gateway.fetch(
      new Request(url, { headers: { 'user-agent': 'kube-probe/1.30' } }),
    )
    expect([response.status, at.seen.length]).toEqual([status, 0])
  })

  it.each(['GoogleHC/1.0', 'kube-probe/1.30', 'ELB-HealthChecker/2.0', 'Portcullis-Probe'])(
    'is the only thing that %s learns: a guarded path stays guarded',
    async (agent) => {
      const at = await bench()
      expect((await at.ask('/account', { headers: { 'user-agent': agent } })).status).toBe(401)
      expect(at.seen).toEqual([])
    },
  )

  it('takes no other method', async () => {
    const response = await (await bench()).ask(ready, { method: 'POST' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

describe('maintenance', () => {
  const from = (address: string): RequestInit => ({ headers: { 'cf-connecting-ip': address } })
  const allow = ['198.51.100.0/24', '2001:db8::/32']

  it('sends everybody away with a page that says nothing and a time to come back', async () => {
    const at = await bench({ maintenance: true })
    for (const path of ['/', '/account', '/login', '/not/there']) {
      const response = await at.ask(path)
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '300'])
      expect(await response.text()).not.toContain('maintenance')
    }
    expect(at.seen).toEqual([])
    expect(at.events[0]).toMatchObject({ type: 'request-refused', reason: 'maintenance' })
    expect(at.faults).toEqual([])
  })

  it.each([
    ['198.51.100.7', 200],
    ['2001:db8:1::1', 200],
    ['198.51.101.7', 503],
    ['203.0.113.5', 503],
  ])('of %s: %d', async (address, status) => {
    const at = await bench({ maintenance: { allow, retryAfter: 60 } })
    const response = await at.ask('/', from(address))
    expect([response.status, response.headers.get('retry-after')]).toEqual([
      status,
      status === 503 ? '60' : null,
    ])
  })

  it('lets nobody in by what only a client says of its address', async () => {
    const at = await bench({ maintenance: { allow } })
    const headers = {
      'x-forwarded-for': '198.51.100.7',
      'x-real-ip': '198.51.100.7',
      forwarded: 'for=198.51.100.7',
    }
    expect((await at.ask('/', { headers })).status).toBe(503)
  })

  it('touches no session: who was signed in still is afterwards', async () => {
    let closed = false
    const at = await bench({ maintenance: () => closed })
    const cookie = await signIn(at, { user: 'ada' })
    closed = true
    const during = await at.ask('/account', { headers: { cookie } })
    expect([during.status, during.headers.getSetCookie()]).toEqual([503, []])
    closed = false
    expect((await at.ask('/account', { headers: { cookie } })).status).toBe(200)
  })

  it('leaves our own endpoints as they are', async () => {
    const at = await bench({ maintenance: true })
    for (const name of ['health', 'ready', 'jwks.json']) {
      expect((await at.ask(`/.portcullis/${name}`)).status).toBe(200)
    }
  })

  it('does not open by mistake: what it cannot read closes too', async () => {
    const at = await bench({ maintenance: () => ({ allow: ['all'] }) })
    expect((await at.ask('/')).status).toBe(503)
    expect(at.faults.map(String)).toEqual([expect.stringContaining('maintenance.allow.0')])
  })
})

describe('scheduled', () => {
  interface Scene extends Bench {
    readonly posted: unknown[]
    up: boolean
  }
  async function scene(overrides: Overrides = {}): Promise<Scene> {
    const posted: unknown[] = []
    const at = await bench({
      upstreams: { app: { ...upstreams.app } },
      uptime: uptime({ webhook: 'https://hooks.example.com/x' }),
      ...overrides,
    })
    const made: Scene = Object.assign(at, { posted, up: true })
    at.answer = ({ url, init }) => {
      if (!url.startsWith('https://hooks.'))
        return new Response(null, { status: made.up ? 204 : 503 })
      posted.push(JSON.parse(String(init.body)).text)
      return new Response()
    }
    return made
  }

  it('asks what has a probe, and tells of a change', async () => {
    const at = await scene()
    await at.gateway.scheduled({ cron: '*/5 * * * *' })
    at.up = false
    for (let i = 0; i < 4; i++) await at.gateway.scheduled()
    at.up = true
    await at.gateway.scheduled()
    expect(at.posted).toEqual([
      'https://app.example.com: app is down (http-503)',
      'https://app.example.com: app is up',
    ])
    expect(at.seen[0]?.url).toBe('http://upstream.test:8080/base/health')
  })

  it('asks the store that ready asks', async () => {
    const at = await scene({ ready: { store: () => Promise.reject(new Error('away')) } })
    await at.gateway.scheduled()
    await at.gateway.scheduled()
    expect(at.posted).toEqual(['https://app.example.com: store is down (unreachable)'])
  })

  it('never rejects: an environment that cannot be served is a fault in the log', async () => {
    const at = await scene({ publicOrigin: () => 'nonsense' })
    expect(await at.gateway.scheduled()).toBe(undefined)
    expect(at.faults.map(String)).toEqual([expect.stringContaining('publicOrigin')])
  })

  it('never rejects where the log itself fails, nor does fetch', async () => {
    const onFault = (): never => {
      throw new Error('the log is full')
    }
    const at = await bench({ publicOrigin: () => 'not an origin', uptime: uptime(), onFault })
    await expect(at.gateway.scheduled()).resolves.toBeUndefined()
    expect((await at.ask('/')).status).toBe(503)
  })

  it('does nothing where nobody wants to know', async () => {
    const at = await bench({ upstreams })
    await at.gateway.scheduled()
    expect(at.seen).toEqual([])
  })
})
