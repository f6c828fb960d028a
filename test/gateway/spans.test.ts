/** Spans of a gateway, as a collector receives them. */
import { expect, test } from 'vitest'
import { exactLimiter, limitGate } from '../../src/limit/index.ts'
import { monitor, type TelemetryOptions, telemetry } from '../../src/monitor/index.ts'
import { redis } from '../../src/redis/index.ts'
import { client } from '../limit/support.ts'
import { bench, type Overrides, secret, signIn } from './support.ts'

const traceId = 'a'.repeat(32)
const parent = 'b'.repeat(16)

interface Span {
  readonly name: string
  readonly kind: number
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status?: { readonly code: number }
  readonly attributes: ReadonlyArray<{ key: string; value: Record<string, unknown> }>
}

/** A gateway whose spans a test reads, after `reset` those of later requests alone. */
async function traced(overrides: Overrides = {}, options: Partial<TelemetryOptions> = {}) {
  let spans: Span[] = []
  const collect = async (url: unknown, init?: RequestInit): Promise<Response> => {
    const body = JSON.parse(String(init?.body))
    if (String(url).endsWith('/v1/traces')) {
      spans.push(...body.resourceSpans[0].scopeSpans[0].spans)
    }
    return new Response('{}')
  }
  const otel = telemetry({
    endpoint: 'https://otlp.example.com',
    fetch: collect as typeof fetch,
    ...options,
  })
  const at = await bench({ monitor: monitor({ telemetry: otel }), ...overrides })
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<Response> => {
    await otel.flush()
    spans = []
    const traceparent = `00-${traceId}-${parent}-01`
    const response = await at.ask(path, { headers: { traceparent, ...headers } })
    await otel.flush()
    return response
  }
  return { at, ask, spans: () => spans }
}

const attributes = (span: Span | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (span?.attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]),
  )
const find = (spans: readonly Span[], name: string): Span => {
  const found = spans.filter((span) => span.name === name)
  expect(found).toHaveLength(1)
  return found[0] as Span
}
const noon = Date.UTC(2026, 10, 20, 12)
const limitOver = (redisClient: unknown): Overrides => ({
  limit: limitGate({
    name: 'all',
    limiter: exactLimiter({ redis: redisClient as never, limit: 5, window: 60, secret }),
    onOutage: 'open',
    platform: 'cloudflare',
  }),
})

test('a request is a server span with a child for session, Redis and upstream', async () => {
  const { at, ask, spans } = await traced(
    limitOver(client(['1', '4', `${noon}`, `${noon + 60_000}`])),
  )
  const cookie = await signIn(at, { user: 'ada-lovelace' })
  expect((await ask('/account?code=s3cret', { cookie })).status).toBe(200)

  const all = spans()
  expect(all.map(({ name }) => name).sort()).toEqual(['GET', 'GET /account', 'redis', 'session'])
  const server = find(all, 'GET /account')
  const upstream = find(all, 'GET')
  expect([server.traceId, server.parentSpanId]).toEqual([traceId, parent])
  for (const name of ['session', 'redis', 'GET']) {
    const child = find(all, name)
    expect([name, child.traceId, child.parentSpanId]).toEqual([name, traceId, server.spanId])
    expect(BigInt(child.endTimeUnixNano) >= BigInt(child.startTimeUnixNano)).toBe(true)
  }
  // SPAN_KIND_SERVER, CLIENT and INTERNAL of the protocol's definitions.
  expect([server.kind, upstream.kind, find(all, 'session').kind, find(all, 'redis').kind]).toEqual([
    2, 3, 1, 3,
  ])
  // What the upstream does is a child of its own span.
  expect(at.last().headers.get('traceparent')).toBe(`00-${traceId}-${upstream.spanId}-01`)
  expect(attributes(upstream)).toMatchObject({
    'http.request.method': 'GET',
    'http.response.status_code': '200',
    'portcullis.upstream': 'app',
  })
  expect(attributes(find(all, 'redis'))).toEqual({
    'db.system.name': 'redis',
    'db.operation.batch.size': '1',
  })
  expect(JSON.stringify(all)).not.toMatch(/s3cret|lovelace|__Host/)
})

test('each attempt at an upstream is a span of its own, the first with what became of it', async () => {
  const { at, ask, spans } = await traced()
  const seen: string[] = []
  at.answer = ({ headers }) => {
    seen.push(headers.get('traceparent')?.slice(36, 52) ?? '')
    if (seen.length === 1) throw new TypeError('connect ECONNREFUSED')
    return new Response('well')
  }
  expect((await ask('/x')).status).toBe(200)

  const attempts = spans().filter(({ name }) => name === 'GET')
  expect(attempts.map(({ spanId }) => spanId)).toEqual(seen)
  expect(new Set(seen).size).toBe(2)
  expect(attempts.map((span) => [span.status?.code, attributes(span)['error.type']])).toEqual([
    [2, 'ERR_UPSTREAM_UNREACHABLE'],
    [0, undefined],
  ])
})

test('an upstream and a Redis that fail are spans with the class of the failure', async () => {
  const away = async (): Promise<never> => {
    throw new TypeError('connect ECONNREFUSED')
  }
  const store = redis({ url: 'https://redis.example', token: 'token', fetch: away as typeof fetch })
  const { at, ask, spans } = await traced(limitOver(store))
  at.answer = () => new Response('no', { status: 503 })
  expect((await ask('/x', { 'cf-connecting-ip': '203.0.113.7' })).status).toBe(503)
  expect(attributes(find(spans(), 'GET'))).toMatchObject({ 'error.type': '503' })
  expect(find(spans(), 'GET').status?.code).toBe(2)
  expect(find(spans(), 'redis').status).toMatchObject({ code: 2 })
  // An outage is an event of the request that met it, though the client has no listener.
  expect(at.events).toMatchObject([
    { type: 'store-unavailable', request: expect.stringMatching(/^[\w-]{22}$/) },
    { type: 'rate-limit-degraded' },
  ])
})

test('a request that is not recorded has no spans, and its trace goes on', async () => {
  const { at, ask, spans } = await traced()
  await ask('/x', { traceparent: `00-${traceId}-${parent}-00` })
  expect(spans()).toEqual([])
  expect(at.last().headers.get('traceparent')).toMatch(new RegExp(`^00-${traceId}-\\w{16}-00$`))
})
