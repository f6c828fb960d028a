/**
 * Creates `telemetry()`, which records traces and metrics in the terms of OpenTelemetry, exports
 * them over OTLP/HTTP and formats them for Prometheus. Applications pass it to `monitor({ telemetry
 * })`, which calls `record` for each request and `event` for each security event. Wrong options
 * throw a `ConfigError` while building. Its methods never throw: an export that fails is counted in
 * the metric `portcullis.telemetry.failures`, and one with an invalid endpoint in the environment
 * is skipped.
 */
import type { ProjectEnv, SecurityEvent } from '../../types.ts'
import type { RequestLine, RequestMetrics } from '../line.ts'
import { randomHex } from '../trace.ts'
import { Collector, droppedSpans, exportFailures } from './collector.ts'
import { parseTelemetryOptions, type TelemetryOptions } from './options.ts'
import { formatPrometheus } from './prometheus.ts'
import { type SpanRecorder, spanRecorder } from './recorder.ts'
import { MetricsRegistry } from './registry.ts'
import { createSpans } from './span.ts'

/** The data that telemetry receives when a request ends. */
export interface TelemetryRecord {
  readonly line: RequestLine
  readonly metrics: RequestMetrics
  readonly env: unknown
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** The traces and metrics of one isolate or process, for the option `telemetry` of `monitor()`. */
export interface Telemetry {
  /** Records a finished request. It never throws. */
  record(request: TelemetryRecord): void
  /** Counts an event. Pass it as `onEvent` to middleware that is used without a gateway. */
  event(event: SecurityEvent): void
  /**
   * Exports everything that waits, for the end of a process or of a test.
   *
   * @param env - the environment that the options `endpoint` and `headers` receive as `c.env`
   */
  flush(env?: unknown): Promise<void>
  /** For the gateway; not part of the public API. */
  readonly spans: SpanRecorder
  /**
   * Returns the metrics as Prometheus scrapes them (text, version 0.0.4). They are counted since
   * the start, whatever `temporality` is.
   */
  prometheus(): string
}

const requestDuration = 'http.server.request.duration'
const upstreamDuration = 'http.client.request.duration'
const sessionDuration = 'portcullis.session.duration'
const refusals = 'portcullis.requests.refused'
const events = 'portcullis.events'
const breakers = 'portcullis.breaker.open'

/**
 * Creates the traces and metrics of a gateway.
 *
 * @example
 * const otel = telemetry({ endpoint: (c) => c.env.OTEL_EXPORTER_OTLP_ENDPOINT, service: 'gateway' })
 * defineGateway({ ..., monitor: monitor({ trace: true, telemetry: otel }) })
 *
 * @throws {ConfigError} `ERR_CONFIG` naming every option that is wrong
 */
export function telemetry<E = ProjectEnv>(options: TelemetryOptions<E> = {}): Telemetry {
  const settings = parseTelemetryOptions(options as TelemetryOptions<never>)
  // Prometheus reads sums since the start, and OTLP with `delta` sends differences. Each has its
  // own registry.
  const sumRegistry = createRegistry()
  const deltaRegistry = settings.temporality === 'delta' ? createRegistry() : sumRegistry
  const collector = new Collector(settings, sumRegistry, deltaRegistry)
  const { registries } = collector

  return {
    record({ line, metrics, env, waitUntil }): void {
      for (const registry of registries) countRequest(registry, line, metrics)
      if (settings.traces && settings.hasEndpoint)
        collector.addSpans(createSpans(line, metrics, () => randomHex(8)))

      if (!settings.hasEndpoint || !collector.isDue()) return

      const exporting = collector.exportAll(env).catch(() => {})
      waitUntil?.(exporting)
    },
    event(event): void {
      for (const registry of registries) countEvent(registry, event)
    },
    spans: spanRecorder,
    flush: (env) => collector.exportAll(env).catch(() => {}),
    prometheus: () => formatPrometheus(sumRegistry.collect()),
  }
}

function createRegistry(): MetricsRegistry {
  const registry = new MetricsRegistry()
  registry.histogram(requestDuration, 'Time until the response headers were ready.')
  registry.histogram(upstreamDuration, 'Time until the first byte of the upstream response.')
  registry.histogram(sessionDuration, 'Time to read the session, including the store.')
  registry.counter(refusals, 'Requests that were rejected or failed, by reason.', '{request}')
  registry.counter(events, 'Security events, by type and reason.', '{event}')
  registry.gauge(breakers, 'Whether the circuit breaker of an upstream is open.', '1')
  registry.counter(droppedSpans, 'Spans that did not fit into the queue.', '{span}')
  registry.counter(exportFailures, 'Exports that failed, by reason.', '{export}')

  return registry
}

function countRequest(registry: MetricsRegistry, line: RequestLine, metrics: RequestMetrics): void {
  const method = line.method === 'OTHER' ? '_OTHER' : line.method
  const requestLabels = { 'http.request.method': method, 'http.route': line.route }
  registry.observe(requestDuration, line.totalMs / 1000, {
    ...requestLabels,
    'http.response.status_code': line.status,
    'portcullis.decision': line.decision,
  })

  if (line.reason !== undefined)
    registry.add(refusals, 1, { ...requestLabels, reason: line.reason })

  if (metrics.sessionMs !== undefined)
    registry.observe(sessionDuration, metrics.sessionMs / 1000, {})

  if (line.ttfbMs !== undefined)
    registry.observe(upstreamDuration, line.ttfbMs / 1000, {
      'http.request.method': method,
      'http.response.status_code': line.upstreamStatus,
      'portcullis.upstream': line.upstream,
    })
}

/**
 * Counts an event. Its subject is no label, except for a breaker, whose subject is the name of an
 * upstream.
 */
function countEvent(registry: MetricsRegistry, { type, reason, subject }: SecurityEvent): void {
  registry.add(events, 1, { type, reason })
  if (type === 'breaker-opened' || type === 'breaker-closed')
    registry.set(breakers, type === 'breaker-opened' ? 1 : 0, { 'portcullis.upstream': subject })
}
