import { describe, expect, it } from 'vitest'
import { monitor, type TelemetryOptions, telemetry } from '../../../src/monitor/index.ts'
import type { RequestMetrics } from '../../../src/monitor/line.ts'

interface Post {
  readonly url: string
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: the tests look into the JSON of another project's format.
  readonly body: any
}

/** A collector that answers with the given statuses, the last one for ever. */
function createCollector(statuses: number[] = [200]) {
  const posts: Post[] = []
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    posts.push({
      url: String(url),
      headers: new Headers(init?.headers),
      body: JSON.parse(String(init?.body)),
    })
    const status = statuses.length > 1 ? statuses.shift() : statuses[0]
    return new Response('{}', { status: status ?? 200 })
  }
  const paths = (path: string) => posts.filter(({ url }) => url.endsWith(path))
  return { posts, fetch: fetch as typeof globalThis.fetch, paths }
}

function createMonitor(options: TelemetryOptions, trace: boolean | undefined = undefined) {
  const otel = telemetry(options)
  const watch = monitor({ telemetry: otel, ...(trace !== undefined && { trace }) })
  const serve = (
    notes: Partial<RequestMetrics> = {},
    { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
  ) => {
    const request = new Request('https://app.example.com/reset/s3cr3t-token?mail=ann@example.com', {
      headers: { cookie: 'a=c00kie', ...headers },
    })
    const metrics = watch.begin(request.headers, Date.now() - 40)
    Object.assign(metrics, { route: '/reset/*', ...notes })
    watch.end(metrics, new Response('body', { status }), {
      request,
      requestId: 'r-12345678',
      address: '203.0.113.77',
      env: {},
      left: false,
      endedAt: Date.now(),
    })
    return metrics
  }
  return { otel, watch, serve }
}

const attributesOf = (item: { attributes: { key: string; value: object }[] }) =>
  Object.fromEntries(item.attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const findMetric = (post: Post | undefined, name: string) =>
  post?.body.resourceMetrics[0].scopeMetrics[0].metrics.find(
    (metric: { name: string }) => metric.name === name,
  )

describe('telemetry over OTLP', () => {
  it('sends one server span for each sampled request, by the semantic conventions', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com/base/',
      headers: { authorization: 'Bearer token-of-the-collector' },
      service: 'shop-gateway',
      resource: { 'deployment.environment.name': 'test' },
      fetch: collector.fetch,
    })
    serve(
      { upstream: 'shop', upstreamStatus: 200, ttfbMs: 31 },
      { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'v=1' } },
    )
    await otel.flush()

    const [post] = collector.paths('/v1/traces')
    expect(post?.url).toBe('https://otlp.example.com/base/v1/traces')
    expect(post?.headers.get('authorization')).toBe('Bearer token-of-the-collector')
    expect(post?.headers.get('content-type')).toBe('application/json')
    const [resourceSpans] = post?.body.resourceSpans ?? []
    expect(attributesOf(resourceSpans.resource)).toMatchObject({
      'service.name': 'shop-gateway',
      'deployment.environment.name': 'test',
      'service.instance.id': expect.stringMatching(/^[0-9a-f]{32}$/),
    })
    const [span] = resourceSpans.scopeSpans[0].spans
    expect(span).toMatchObject({
      traceId: 'a'.repeat(32),
      parentSpanId: 'b'.repeat(16),
      traceState: 'v=1',
      name: 'GET /reset/*',
      kind: 2,
      status: { code: 0 },
    })
    expect(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)).toBeGreaterThanOrEqual(
      40_000_000n,
    )
    expect(attributesOf(span)).toMatchObject({
      'http.request.method': 'GET',
      'http.route': '/reset/*',
      'http.response.status_code': '200',
      'client.address': '203.0.113.0/24',
      'portcullis.decision': 'passed',
      'portcullis.upstream': 'shop',
    })
  })

  it('gives each question to an upstream a span that the upstream sees as its parent', async () => {
    const collector = createCollector()
    const { otel, watch, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      fetch: collector.fetch,
    })
    const metrics = watch.begin(new Headers(), Date.now())
    const upstreamHeaders = new Headers()
    const { spanId } = watch.forward(metrics, upstreamHeaders)
    expect(upstreamHeaders.get('traceparent')).toBe(`00-${metrics.trace?.traceId}-${spanId}-01`)
    expect(spanId).not.toBe(metrics.trace?.spanId)

    const now = Date.now()
    serve({
      spans: [
        {
          name: 'GET',
          kind: 'client',
          startedAt: now,
          endedAt: now + 5,
          spanId: 'c'.repeat(16),
          attributes: { 'portcullis.upstream': 'shop' },
          error: '502',
        },
      ],
    })
    await otel.flush()
    const { spans } = collector.paths('/v1/traces')[0]?.body.resourceSpans[0].scopeSpans[0] ?? {}
    expect(spans).toHaveLength(2)
    expect(spans[1]).toMatchObject({
      traceId: spans[0].traceId,
      parentSpanId: spans[0].spanId,
      spanId: 'c'.repeat(16),
      kind: 3,
      status: { code: 2 },
    })
  })

  it('marks a span as an error from status 500 on, and not for what a client did wrong', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      fetch: collector.fetch,
    })
    serve({ reason: 'csrf' as never }, { status: 403 })
    serve({ reason: 'upstream-timeout', code: 'ERR_UPSTREAM_TIMEOUT' }, { status: 504 })
    await otel.flush()
    const { spans } = collector.paths('/v1/traces')[0]?.body.resourceSpans[0].scopeSpans[0] ?? {}
    expect(spans.map((span: { status: { code: number } }) => span.status.code)).toEqual([0, 2])
    expect(attributesOf(spans[1])['error.type']).toBe('ERR_UPSTREAM_TIMEOUT')
  })

  it('sends no span of a trace that is not sampled, but counts its request', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      fetch: collector.fetch,
    })
    serve({}, { headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00` } })
    await otel.flush()
    expect(collector.paths('/v1/traces')).toHaveLength(0)
    const metric = findMetric(collector.paths('/v1/metrics')[0], 'http.server.request.duration')
    expect(metric.histogram.dataPoints[0].count).toBe('1')
  })

  it('holds no cookie, query, path or whole address in anything that is sent', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      fetch: collector.fetch,
    })
    serve()
    otel.event({ type: 'csrf-refused', reason: 'cross-site', subject: 'ann@example.com' })
    await otel.flush()
    expect(JSON.stringify(collector.posts.map(({ body }) => body))).not.toMatch(
      /s3cr3t|c00kie|ann@|203\.0\.113\.77/,
    )
    expect(otel.prometheus()).not.toMatch(/s3cr3t|c00kie|ann@|203\.0\.113\.77/)
  })

  it('sends differences by default, and loses none while the collector is away', async () => {
    const collector = createCollector([503, 503, 200])
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      traces: false,
      fetch: collector.fetch,
    })
    serve()
    await otel.flush()
    serve()
    serve()
    await otel.flush()
    serve()
    await otel.flush()
    await otel.flush()
    const counts = collector.posts.map((post) => {
      const metric = findMetric(post, 'http.server.request.duration')
      return metric === undefined ? 0 : Number(metric.histogram.dataPoints[0].count)
    })
    // The first two were refused with 503: the third brings all four, the fourth brings nothing twice.
    expect(counts).toEqual([1, 3, 4, 0])
    const windows = collector.posts.map(
      (post) => findMetric(post, 'http.server.request.duration')?.histogram,
    )
    expect(windows[2].aggregationTemporality).toBe(1)
    expect(windows[2].dataPoints[0].startTimeUnixNano).toBe(
      windows[0].dataPoints[0].startTimeUnixNano,
    )
  })

  it('sends sums since the start where temporality is cumulative', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      temporality: 'cumulative',
      traces: false,
      fetch: collector.fetch,
    })
    serve()
    await otel.flush()
    serve()
    await otel.flush()
    const points = collector.posts.map(
      (post) => findMetric(post, 'http.server.request.duration').histogram,
    )
    expect(points.map(({ dataPoints }) => dataPoints[0].count)).toEqual(['1', '2'])
    expect(points[0].aggregationTemporality).toBe(2)
  })

  it('keeps spans that the collector asks for again, and drops those it rejects', async () => {
    const collector = createCollector([429, 200, 400, 200])
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      metrics: false,
      fetch: collector.fetch,
    })
    serve()
    await otel.flush()
    await otel.flush()
    serve()
    await otel.flush()
    await otel.flush()
    const sent = collector.posts.map(
      ({ body }) => body.resourceSpans[0].scopeSpans[0].spans[0].spanId,
    )
    expect(sent).toHaveLength(3)
    expect(sent[1]).toBe(sent[0])
    expect(sent[2]).not.toBe(sent[0])
  })

  it('keeps a bounded queue and counts the spans that did not fit', async () => {
    const collector = createCollector([503])
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      maxQueue: 64,
      interval: 300,
      fetch: collector.fetch,
    })
    for (let request = 0; request < 100; request++) serve()
    await otel.flush()
    const dropped = findMetric(collector.paths('/v1/metrics')[0], 'portcullis.telemetry.dropped')
    expect(dropped.sum.dataPoints[0].asDouble).toBe(36)
  })

  it('gives up on a collector that never answers, and keeps what it could not send', async () => {
    let isStuck = true
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: 'https://otlp.example.com',
      metrics: false,
      timeoutMs: 100,
      fetch: ((url, init) =>
        isStuck ? new Promise(() => {}) : collector.fetch(url, init)) as typeof fetch,
    })
    serve()
    await otel.flush()
    isStuck = false
    await otel.flush()
    expect(collector.paths('/v1/traces')).toHaveLength(1)
  })

  it('exports with the first request after the interval, and keeps that work alive', async () => {
    const collector = createCollector()
    const kept: Promise<unknown>[] = []
    let now = Date.UTC(2026, 10, 30)
    const otel = telemetry({
      endpoint: 'https://otlp.example.com',
      interval: 10,
      clock: () => now,
      fetch: collector.fetch,
    })
    const watch = monitor({ telemetry: otel })
    const serve = () => {
      const request = new Request('https://app.example.com/')
      watch.end(watch.begin(request.headers, Date.now()), new Response(), {
        request,
        requestId: 'r',
        address: undefined,
        env: {},
        left: false,
        endedAt: Date.now(),
        waitUntil: (work) => kept.push(work),
      })
    }
    serve()
    expect(kept).toHaveLength(0)
    now += 10_000
    serve()
    await Promise.all(kept)
    expect(
      collector.paths('/v1/traces')[0]?.body.resourceSpans[0].scopeSpans[0].spans,
    ).toHaveLength(2)
  })

  it('sends nothing where the environment names no collector', async () => {
    const collector = createCollector()
    const { otel, serve } = createMonitor({
      endpoint: (c) => (c.env as { OTLP?: string }).OTLP,
      fetch: collector.fetch,
    })
    serve()
    await otel.flush({})
    expect(collector.posts).toHaveLength(0)
    expect(otel.prometheus()).toContain('http_server_request_duration_seconds_count{')
    serve()
    await otel.flush({ OTLP: 'https://otlp.example.com' })
    expect(collector.posts.length).toBeGreaterThan(0)
  })

  it('names every option that is wrong', () => {
    const options = {
      endpoint: 'ftp://user:pw@otlp.example.com',
      service: '',
      interval: 0,
      temporality: 'both',
      resource: { a: {} },
      endpont: 1,
    }
    expect(() => telemetry(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(
          /telemetry\.endpont is not an option; did you mean endpoint[\s\S]*telemetry\.service[\s\S]*telemetry\.resource[\s\S]*telemetry\.endpoint[\s\S]*telemetry\.temporality[\s\S]*telemetry\.interval/,
        ),
      }),
    )
    expect(() => telemetry(options as never)).not.toThrow(/pw@/)
  })
})

describe('telemetry for Prometheus', () => {
  it('writes histograms, counters and gauges since the start', () => {
    const { otel, serve } = createMonitor({})
    serve({ upstream: 'shop', upstreamStatus: 200, ttfbMs: 31, sessionMs: 3 })
    serve({ reason: 'cross-site' }, { status: 403 })
    otel.event({ type: 'breaker-opened', subject: 'shop' })
    const text = otel.prometheus()
    expect(text).toContain('# TYPE http_server_request_duration_seconds histogram\n')
    expect(text).toMatch(
      /http_client_request_duration_seconds_bucket\{http_request_method="GET",http_response_status_code="200",portcullis_upstream="shop",le="0\.05"\} 1\n/,
    )
    expect(text).toContain(
      'portcullis_requests_refused_total{http_request_method="GET",http_route="/reset/*",reason="cross-site"} 1\n',
    )
    expect(text).toContain('portcullis_breaker_open{portcullis_upstream="shop"} 1\n')
    otel.event({ type: 'breaker-closed', subject: 'shop' })
    expect(otel.prometheus()).toContain('portcullis_breaker_open{portcullis_upstream="shop"} 0\n')
  })

  it('keeps at most 2,000 series of a metric, and counts the rest together', () => {
    const { otel } = createMonitor({})
    for (let index = 0; index < 2500; index++)
      otel.event({ type: 'session-rejected', reason: `reason-${index}` })
    const series = otel.prometheus().match(/^portcullis_events_total\{/gm)
    expect(series).toHaveLength(2000)
    expect(otel.prometheus()).toContain(
      'portcullis_events_total{otel_metric_overflow="true"} 501\n',
    )
  })
})
