/**
 * Exports the spans and metrics of one isolate to an OTLP collector, in batches. `telemetry()` adds
 * the spans of each request and starts an export when one is due. Spans that do not fit into the
 * queue are dropped and counted, failed exports are counted, and data that the collector may accept
 * later is sent again with the next export. `exportAll` rejects only where the environment's
 * endpoint or headers are invalid (`ERR_CONFIG`). Data that waits is lost when the isolate ends.
 */
import { randomHex } from '../trace.ts'
import { type ExportTarget, type PostResult, postOtlp, SpanQueue } from './exporter.ts'
import type { TelemetrySettings } from './options.ts'
import { encodeMetrics, encodeSpans, type Resource } from './otlp.ts'
import type { MetricsRegistry } from './registry.ts'
import type { FinishedSpan } from './span.ts'

/** The metric that counts the spans that did not fit into the queue. */
export const droppedSpans = 'portcullis.telemetry.dropped'
/** The metric that counts the exports that the collector did not accept. */
export const exportFailures = 'portcullis.telemetry.failures'

/** The most spans of one request to the collector, as in OpenTelemetry's SDK. */
const batchSize = 512

/** The spans that wait for an export, and the metrics since the last one. */
export class Collector {
  /**
   * The registries in which each request and event must be counted: one, or two where OTLP sends
   * differences.
   */
  readonly registries: readonly MetricsRegistry[]
  readonly #settings: TelemetrySettings
  readonly #sums: MetricsRegistry
  readonly #deltas: MetricsRegistry
  readonly #queue: SpanQueue
  readonly #resource: Resource
  readonly #startedAt: number
  #lastExportAt: number
  #deltasSince: number
  #reportedDrops = 0

  constructor(settings: TelemetrySettings, sums: MetricsRegistry, deltas: MetricsRegistry) {
    this.registries = sums === deltas ? [sums] : [sums, deltas]
    this.#settings = settings
    this.#sums = sums
    this.#deltas = deltas
    this.#queue = new SpanQueue(settings.maxQueue)
    this.#resource = { ...settings.resource, 'service.instance.id': randomHex(16) }
    this.#startedAt = settings.clock()
    this.#lastExportAt = this.#startedAt
    this.#deltasSince = this.#startedAt
  }

  /** Queues the spans of a request for the next export. */
  addSpans(spans: readonly FinishedSpan[]): void {
    this.#queue.push(spans)
  }

  /** Reports whether an export is due: the interval is over, or a whole batch of spans waits. */
  isDue(): boolean {
    const { clock, interval } = this.#settings
    return clock() - this.#lastExportAt >= interval * 1000 || this.#queue.size >= batchSize
  }

  /** Exports everything that waits. Spans are dropped where the environment has no endpoint. */
  async exportAll(env: unknown): Promise<void> {
    const { traces, metrics, clock, resolveTarget } = this.#settings
    const target = resolveTarget(env)
    const now = clock()
    this.#lastExportAt = now

    if (target === undefined) {
      this.#queue.drain()
      return
    }

    this.#countDrops()
    await Promise.all([
      traces && this.#queue.size > 0 && this.#exportSpans(target),
      metrics && this.#exportMetrics(target, now),
    ])
  }

  async #exportSpans(target: ExportTarget): Promise<void> {
    const spans = this.#queue.drain()
    for (let start = 0; start < spans.length; start += batchSize) {
      const body = encodeSpans(spans.slice(start, start + batchSize), this.#resource)
      const result = await postOtlp('/v1/traces', body, target, this.#settings)
      if (result.status === 'delivered') continue

      // Spans that the collector could not accept now are sent with the next export. Rejected ones
      // would be rejected again.
      if (result.status === 'retryable') this.#queue.push(spans.slice(start))
      this.#countFailure(result)

      return
    }
  }

  async #exportMetrics(target: ExportTarget, now: number): Promise<void> {
    const { temporality } = this.#settings
    const isDelta = temporality === 'delta'
    const metrics = isDelta ? this.#deltas.takeDeltas() : this.#sums.collect()
    const windowStart = isDelta ? this.#deltasSince : this.#startedAt

    this.#deltasSince = now

    const window = { startedAt: windowStart, endedAt: now, temporality }
    const body = encodeMetrics(metrics, this.#resource, window)
    const result = await postOtlp('/v1/metrics', body, target, this.#settings)
    if (result.status === 'delivered') return

    this.#countFailure(result)
    if (isDelta && result.status === 'retryable') {
      this.#deltas.restoreDeltas(metrics)
      this.#deltasSince = windowStart
    }
  }

  #countFailure(result: Exclude<PostResult, { status: 'delivered' }>): void {
    for (const registry of this.registries)
      registry.add(exportFailures, 1, { reason: result.reason })
  }

  #countDrops(): void {
    const newDrops = this.#queue.dropped - this.#reportedDrops
    if (newDrops === 0) return

    this.#reportedDrops = this.#queue.dropped
    for (const registry of this.registries) registry.add(droppedSpans, newDrops, {})
  }
}
