/** What telemetry sends, read by the published definitions of the protocol and by Prometheus' own tool. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import otlpDefinitions from '@opentelemetry/otlp-transformer/build/src/generated/root.js'
import { afterEach, describe, expect, it } from 'vitest'
import { monitor, telemetry } from '../../../src/monitor/index.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A collector over HTTP that keeps what it receives. */
async function startCollector(): Promise<{ url: string; bodies: Map<string, string> }> {
  const bodies = new Map<string, string>()
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.set(`${request.method} ${request.url}`, body)
    response.setHeader('content-type', 'application/json').end('{"partialSuccess":{}}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies }
}

async function recordRequests(endpoint: string) {
  const otel = telemetry({
    endpoint,
    resource: { 'deployment.environment.name': 'test', shard: 3 },
  })
  const watch = monitor({ telemetry: otel })
  for (const status of [200, 404, 503]) {
    const request = new Request('https://app.example.com/orders/7')
    const metrics = watch.begin(request.headers, Date.now() - 12)
    Object.assign(metrics, { route: '/orders/*', upstream: 'a"b\\c\nd', ttfbMs: 7, sessionMs: 1 })
    Object.assign(metrics, { upstreamStatus: status, ...(status === 503 && { reason: 'fault' }) })
    metrics.spans?.push({
      name: 'GET',
      kind: 'client',
      startedAt: 1_800_000_000_000,
      endedAt: 1_800_000_000_007,
    })
    watch.end(metrics, new Response(null, { status }), {
      request,
      requestId: 'r-12345678',
      address: '2001:db8:1:2::3',
      env: {},
      left: false,
      endedAt: Date.now(),
    })
  }
  otel.event({ type: 'breaker-opened', subject: 'shop' })
  otel.event({ type: 'session-created', reason: 'started' })
  await otel.flush()
  return otel
}

/** A message of the protocol, as protobuf.js generates it. */
interface Message {
  fromObject(value: unknown): unknown
  toObject(value: unknown, options: object): unknown
  verify(value: unknown): string | null
}

/** Reads JSON by a message of the protocol and writes it again: what the message does not know is lost on the way. */
function readAndWrite(messageName: string, body: string): { sent: unknown; understood: unknown } {
  const definitions = otlpDefinitions as unknown as {
    opentelemetry: { proto: { collector: Record<string, { v1: Record<string, Message> }> } }
  }
  const [room = '', name = ''] = messageName.split('.')
  const message = definitions.opentelemetry.proto.collector[room]?.v1[name]
  if (message === undefined) throw new Error(`no message ${messageName}`)
  // The JSON form writes ids as hex where protobuf's own has base64.
  const sent = JSON.parse(body, (key, value) =>
    /^(?:traceId|spanId|parentSpanId)$/.test(key)
      ? Buffer.from(value, 'hex').toString('base64')
      : value,
  )
  const parsed = message.fromObject(sent)
  expect(message.verify(parsed)).toBe(null)
  const understood = message.toObject(parsed, {
    longs: String,
    bytes: String,
    enums: Number,
    json: true,
  })
  return { sent, understood }
}

const metricName =
  /\b(?:http_server|http_client|portcullis)_[a-z_]+_(?:total|count|bucket|sum|open)\b/g

/** What promtool prints; rejects where it finds a fault. */
function runPromtool(args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const tool = execFile('promtool', args, (error, stdout, stderr) =>
      error === null
        ? resolve(stdout + stderr)
        : reject(new Error(`${error.message}\n${stdout}${stderr}`)),
    )
    tool.stdin?.end(input)
  })
}

describe('what telemetry sends', () => {
  it('is an ExportTraceServiceRequest, with no member that the protocol does not know', async () => {
    const { url, bodies } = await startCollector()
    await recordRequests(url)
    const body = bodies.get('POST /v1/traces') ?? ''
    const { sent, understood } = readAndWrite('trace.ExportTraceServiceRequest', body)
    expect(understood).toEqual(sent)
    expect(JSON.parse(body).resourceSpans[0].scopeSpans[0].spans).toHaveLength(6)
  })

  it('is an ExportMetricsServiceRequest, with no member that the protocol does not know', async () => {
    const { url, bodies } = await startCollector()
    await recordRequests(url)
    const { sent, understood } = readAndWrite(
      'metrics.ExportMetricsServiceRequest',
      bodies.get('POST /v1/metrics') ?? '',
    )
    expect(understood).toEqual(sent)
  })

  it('is read by promtool without a complaint', async () => {
    const { url } = await startCollector()
    const otel = await recordRequests(url)
    const output = await runPromtool(['check', 'metrics'], otel.prometheus())
    expect(output).toBe('')
  })

  it('has every metric and label that the dashboard and the alert rules ask for', async () => {
    const { url } = await startCollector()
    const otel = await recordRequests(url)
    for (const type of ['csp-report', 'login-throttled'] as const) otel.event({ type, reason: 'x' })
    const text = otel.prometheus()
    const rules = await readFile('examples/monitoring/alerts.yaml', 'utf8')
    const dashboard = JSON.parse(await readFile('examples/monitoring/dashboard.json', 'utf8'))
    const expressions: string[] = dashboard.panels.flatMap(
      ({ targets }: { targets: { expr: string }[] }) => targets.map(({ expr }) => expr),
    )
    expressions.push(rules)

    const wanted = new Set(expressions.flatMap((expression) => expression.match(metricName) ?? []))
    expect(wanted.size).toBeGreaterThan(7)
    // These two appear only after something was lost.
    const lossy = ['portcullis_telemetry_dropped_total', 'portcullis_telemetry_failures_total']
    for (const name of wanted)
      if (!lossy.includes(name)) expect(text).toMatch(new RegExp(`^${name}[{ ]`, 'm'))

    const labels = expressions.flatMap((expression) =>
      [...expression.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
    )
    for (const label of labels) expect(text).toContain(`${label}="`)
    const types = [...rules.matchAll(/type=~?"([^"]*)"/g)].flatMap(([, list = '']) =>
      list.split('|'),
    )
    const declared = await readFile('src/types.ts', 'utf8')
    for (const type of types) expect(declared).toContain(`| '${type}'`)
  })

  it('comes with alert rules that promtool takes', async () => {
    await expect(
      runPromtool(['check', 'rules', 'examples/monitoring/alerts.yaml']),
    ).resolves.toContain('SUCCESS: 9 rules found')
  })
})
