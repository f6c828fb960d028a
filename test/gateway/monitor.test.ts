import { describe, expect, it } from 'vitest'
import { publicCache } from '../../src/gateway/index.ts'
import {
  type AnalyticsDataset,
  type MonitorOptions,
  monitor,
  type RequestLine,
  telemetry,
} from '../../src/monitor/index.ts'
import { type Bench, bench, type Overrides, signIn } from './support.ts'

interface Watched extends Bench {
  readonly lines: RequestLine[]
}

async function watched(
  options: MonitorOptions<never> = {},
  overrides: Overrides = {},
): Promise<Watched> {
  const lines: RequestLine[] = []
  let now = 1_790_000_000_000
  const at = await bench({
    monitor: monitor<never>({ log: (line) => lines.push(line), ...options }),
    // Every look at it moves it: each measured span is at least one.
    clock: () => now++,
    ...overrides,
  })
  return Object.assign(at, { lines })
}

describe('a request is told of', () => {
  it('with its route, its upstream and its session, and nothing that is anybody’s secret', async () => {
    const at = await watched({ version: () => 'v9' })
    const cookie = await signIn(at, { user: 'ada@example.com', roles: ['admin'] })
    at.lines.length = 0
    await at.ask('/admin/reset/t0ken-in-the-path?code=t0ken-in-the-query', {
      method: 'POST',
      body: 'password=t0ken-in-the-body',
      headers: {
        cookie,
        'cf-connecting-ip': '203.0.113.77',
        authorization: 'Bearer t0ken-in-a-header',
      },
    })
    const [line] = at.lines
    expect(at.lines).toHaveLength(1)
    expect(line).toMatchObject({
      event: 'request',
      level: 'info',
      method: 'POST',
      route: '/admin/*',
      status: 200,
      decision: 'passed',
      upstream: 'app',
      upstreamStatus: 200,
      client: '203.0.113.0/24',
      version: 'v9',
    })
    expect(line?.session).toMatch(/^[\w-]{22}$/)
    expect(line?.requestId).toBe(at.last().headers.get('x-request-id'))
    expect(line?.ttfbMs).toBeGreaterThan(0)
    expect(line?.totalMs).toBeGreaterThan(line?.ttfbMs ?? 0)
    const text = JSON.stringify(at.lines)
    for (const secret of [
      't0ken',
      'ada',
      'example.com',
      '203.0.113.77',
      cookie.split('=')[1] ?? '',
      'Bearer',
    ]) {
      expect(text).not.toContain(secret)
    }
  })

  it.each<
    [path: string, init: RequestInit, status: number, decision: string, reason: string | undefined]
  >([
    ['/account', {}, 401, 'refused', 'no-session'],
    ['/login', { method: 'DELETE' }, 405, 'refused', 'method-not-allowed'],
    ['/a%2fb', {}, 400, 'refused', 'path-not-canonical'],
    ['/.portcullis/nothing', {}, 404, 'refused', 'not-found'],
    ['//', {}, 308, 'answered', undefined],
  ])('%s %o: %d, %s, %s', async (path, init, status, decision, reason) => {
    const at = await watched()
    await at.ask(path, init)
    expect(at.lines).toHaveLength(1)
    const [line] = at.lines
    expect([line?.status, line?.decision, line?.reason]).toEqual([status, decision, reason])
  })

  it('with the code of what failed', async () => {
    const at = await watched()
    at.answer = () => {
      throw new TypeError('refused')
    }
    await at.ask('/', { method: 'POST' })
    expect(at.lines[0]).toMatchObject({
      level: 'error',
      status: 502,
      decision: 'failed',
      reason: 'upstream-unreachable',
      code: 'ERR_UPSTREAM_UNREACHABLE',
      upstream: 'app',
    })
    expect(at.lines[0]?.upstreamStatus).toBe(undefined)
  })

  it('with how often the upstream was asked again', async () => {
    const at = await watched()
    let calls = 0
    at.answer = () => {
      if (calls++ === 0) throw new TypeError('reset')
      return new Response('well')
    }
    expect((await at.ask('/')).status).toBe(200)
    expect(at.lines[0]).toMatchObject({ status: 200, retries: 1 })
  })

  it('with what the cache did', async () => {
    const kept = new Map<string, Response>()
    let keeping: () => void = () => {}
    const store = {
      match: async ({ url }: Request) => kept.get(url)?.clone(),
      put: async ({ url }: Request, response: Response) => {
        kept.set(url, new Response(await response.arrayBuffer(), response))
        keeping()
      },
    }
    const cache = publicCache({ store, staleIfError: 86_400 })
    let now = 1_790_000_000_000
    const routes = [{ path: '/*', to: 'app', access: 'public', retry: false, cache }] as const
    const at = await watched({}, { routes, clock: () => now })
    // Said in full: Bun gives a text no type of its own where it is given other headers.
    const headers = { 'cache-control': 'max-age=60', 'content-type': 'text/plain' }
    at.answer = () => new Response('page', { headers })
    const get = async (init?: RequestInit): Promise<void> => {
      await (await at.ask('/page', init)).text()
    }
    const stored = new Promise<void>((done) => {
      keeping = done
    })
    await get()
    // It is kept behind the answer.
    await stored
    await get()
    await get({ headers: { authorization: 'Bearer x' } })
    now += 3_600_000
    at.answer = () => new Response('down', { status: 503 })
    await get()
    expect(at.lines.map(({ cache, decision, status }) => [cache, decision, status])).toEqual([
      ['miss', 'passed', 200],
      ['hit', 'passed', 200],
      ['bypass', 'passed', 200],
      ['stale', 'passed', 200],
    ])
  })

  // A client that gives up is no success and no failure of ours: nginx writes 499.
  it('as 499 at once when its client leaves', async () => {
    const at = await watched()
    const client = new AbortController()
    at.answer = () => {
      client.abort()
      expect(at.lines).toHaveLength(1)
      throw new DOMException('aborted', 'AbortError')
    }
    await at.ask('/x', { method: 'POST', signal: client.signal })
    expect(at.lines).toHaveLength(1)
    expect(at.lines[0]).toMatchObject({ level: 'info', status: 499, decision: 'left', route: '/*' })
    expect(at.faults).toEqual([])
  })

  it('but not when somebody asks whether we are alive', async () => {
    const at = await watched()
    for (const path of ['/.portcullis/health', '/.portcullis/ready'])
      expect((await at.ask(path)).status).toBe(200)
    expect(at.lines).toEqual([])
  })
})

describe('whoever is told', () => {
  it.each<[what: string, options: MonitorOptions]>([
    [
      'throws',
      {
        log: () => {
          throw new Error('log')
        },
      },
    ],
    ['rejects', { log: () => Promise.reject(new Error('log')) }],
    ['never ends', { log: () => new Promise(() => {}) }],
    [
      'is a dataset that throws',
      {
        analytics: {
          writeDataPoint(): never {
            throw new Error('dataset')
          },
        },
      },
    ],
    [
      'cannot be found',
      {
        analytics: () => {
          throw new Error('binding')
        },
        version: () => {
          throw new Error('binding')
        },
      },
    ],
  ])('changes no answer where it %s', async (_, options) => {
    const at = await watched(options)
    const response = await at.ask('/')
    expect([response.status, await response.text()]).toEqual([200, 'upstream'])
    expect(at.faults).toEqual([])
  })

  it('is kept alive by waitUntil, and awaited by nobody', async () => {
    const work: Array<Promise<unknown>> = []
    const at = await watched({ log: () => Promise.reject(new Error('log')) })
    const context = { waitUntil: (one: Promise<unknown>) => void work.push(one) }
    await at.gateway.fetch(new Request('https://app.example.com/'), undefined, context)
    expect(work).toHaveLength(1)
    expect(await work[0]).toBe(undefined)
  })

  it('gets points where the environment has a dataset', async () => {
    const points: unknown[] = []
    const at = await watched({
      analytics: (c: { env: { ANALYTICS?: AnalyticsDataset } }) => c.env?.ANALYTICS,
    })
    await at.ask('/')
    const ANALYTICS = { writeDataPoint: (point: unknown) => void points.push(point) }
    await at.gateway.fetch(new Request('https://app.example.com/account'), { ANALYTICS } as never)
    expect(points).toEqual([
      {
        indexes: ['/account'],
        blobs: ['/account', 'GET', 'app', 'refused', 'no-session', '', '', ''],
        doubles: [401, expect.any(Number), -1, -1, expect.any(Number), 0, -1, -1],
      },
    ])
  })
})

describe('a trace', () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

  it('reaches the upstream with our part as its parent, which the line names', async () => {
    const at = await watched({ trace: true })
    await at.ask('/', { headers: { traceparent, tracestate: 'vendor=1', baggage: 'user=ada' } })
    const [line] = at.lines
    expect(line?.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736')
    const { headers } = at.last()
    expect(headers.get('traceparent')).toBe(`00-${line?.traceId}-${line?.spanId}-01`)
    expect([headers.get('tracestate'), headers.get('baggage')]).toEqual(['vendor=1', null])
  })

  it('is the client’s own affair where traces are off, but for its baggage', async () => {
    const at = await watched()
    await at.ask('/', { headers: { traceparent, baggage: 'user=ada' } })
    expect([at.last().headers.get('traceparent'), at.last().headers.get('baggage')]).toEqual([
      traceparent,
      null,
    ])
    expect(at.lines[0]?.traceId).toBe(undefined)
  })
})

describe('Server-Timing', () => {
  it('is the gateway’s own word where it is asked for; an upstream’s stays inside', async () => {
    const at = await watched({ serverTiming: true })
    at.answer = () => new Response('x', { headers: { 'server-timing': 'db;dur=5' } })
    const value = (await at.ask('/')).headers.get('server-timing')
    expect(value).toMatch(/^gw;dur=\d+, origin;dur=\d+, session;dur=\d+$/)
  })

  it('is absent by default', async () => {
    const at = await watched()
    expect((await at.ask('/')).headers.get('server-timing')).toBe(null)
  })
})

describe('the id of a request', () => {
  it.each([
    ['8f3a1c2b4d5e6f70-FRA', true],
    ['short', false],
    [`${'x'.repeat(65)}`, false],
    ['"><script>alert(1)', false],
    ['with space in it', false],
  ])('%s of the header that is trusted is taken: %s', async (said, taken) => {
    const at = await watched({}, { requestIdHeader: 'cf-ray' })
    const response = await at.ask('/', { headers: { 'cf-ray': said } })
    expect(response.headers.get('x-request-id') === said).toBe(taken)
    expect(at.lines[0]?.requestId).toBe(response.headers.get('x-request-id'))
    expect(at.lines[0]?.requestId).toMatch(/^[\w-]{8,64}$/)
  })

  it('is never the client’s by default', async () => {
    const at = await watched()
    const response = await at.ask('/', {
      headers: { 'x-request-id': 'client-says-so', 'cf-ray': 'client-says-so' },
    })
    expect(response.headers.get('x-request-id')).not.toBe('client-says-so')
  })
})

describe('options', () => {
  it.each<[options: unknown, fault: string]>([
    [{ logg: () => {} }, 'monitor.logg is not an option; did you mean log?'],
    [{ log: 'x' }, 'monitor.log must be a function'],
    [{ serverTiming: 1 }, 'monitor.serverTiming must be one of true, false'],
    [{ trace: { sample: 2 } }, 'monitor.trace.sample must be a number from 0 to 1'],
    [
      { trace: { baggages: true } },
      'monitor.trace.baggages is not an option; did you mean baggage?',
    ],
  ])('%o: %s', (options, fault) => {
    expect(() => monitor(options as MonitorOptions)).toThrow(fault)
  })

  it.each<[overrides: object, fault: string]>([
    [{ monitor: { log: () => {} } }, 'monitor must be monitor({ ... }) of portcullis/monitor'],
    [{ requestIdHeader: 'not a name' }, 'requestIdHeader must be the name of a header'],
    [{ uptime: {} }, 'uptime must be uptime({ ... }) of portcullis/monitor'],
    [{ maintenance: { alow: [] } }, 'maintenance.alow is not an option; did you mean allow?'],
    [
      { maintenance: { allow: ['10.0.0.1/8'] } },
      'maintenance.allow.0 must be an IP address or a range',
    ],
    [
      { maintenance: { retryAfter: 0 } },
      'maintenance.retryAfter must be a whole number of seconds from 1 to 86400',
    ],
    [{ ready: { store: true } }, 'ready.store must be a function'],
    [
      { upstreams: { app: { url: 'http://a.test', sessions: true, probe: 'health' } } },
      'upstreams.app.probe must be a canonical path',
    ],
  ])('%o: %s', async (overrides, fault) => {
    await expect(bench(overrides as Overrides)).rejects.toThrow(fault)
  })
})

describe('a trace', () => {
  it('has a span for each request to the upstream, which the upstream sees as its parent', async () => {
    const bodies: string[] = []
    const otel = telemetry({
      endpoint: 'https://otlp.example.com',
      metrics: false,
      fetch: async (_input, init) => {
        bodies.push(`${init?.body}`)
        return new Response('{}')
      },
    })
    const at = await watched({ telemetry: otel })
    await at.ask('/public', {})
    await otel.flush()

    const seen = at.last().headers.get('traceparent') ?? ''
    const { spans } = JSON.parse(bodies.join('')).resourceSpans[0].scopeSpans[0]
    const client = spans.find(({ kind }: { kind: number }) => kind === 3)
    expect(seen.split('-')).toEqual(['00', client.traceId, client.spanId, '01'])
    expect(spans.map(({ spanId }: { spanId: string }) => spanId)).toContain(client.parentSpanId)
  })
})
