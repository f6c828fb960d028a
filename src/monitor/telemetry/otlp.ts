/** The JSON form of the OpenTelemetry protocol (OTLP 1.x): spans and metrics in, request bodies out. */
import type { HistogramSeries, Metric, NumberSeries } from './registry.ts'
import type { Attributes, AttributeValue, FinishedSpan } from './span.ts'

/** The resource that exports: `service.name` and its other attributes. */
export type Resource = Attributes

/** When what is exported was counted, in milliseconds since the epoch. */
export interface MetricsWindow {
  readonly startedAt: number
  readonly endedAt: number
  /** `delta`: counted since the last export; `cumulative`: since the isolate started. */
  readonly temporality: 'delta' | 'cumulative'
}

const scope = { name: 'portcullis' }
/** Numbers of the enums in trace.proto and metrics.proto; the JSON form sends numbers, not names. */
const spanKinds = { internal: 1, server: 2, client: 3 } as const
const statusUnset = 0
const statusError = 2
const temporalities = { delta: 1, cumulative: 2 } as const

/**
 * The body of `POST /v1/traces`.
 *
 * Ids are hex and 64-bit integers are strings: the JSON form differs there from protobuf's own.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function encodeSpans(spans: readonly FinishedSpan[], resource: Resource): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeSpans: [{ scope, spans: spans.map(encodeSpan) }],
      },
    ],
  })
}

function encodeSpan(span: FinishedSpan): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentId,
    traceState: span.traceState,
    name: span.name,
    kind: spanKinds[span.kind],
    startTimeUnixNano: toNanoseconds(span.startedAt),
    endTimeUnixNano: toNanoseconds(span.endedAt),
    attributes: encodeAttributes(span.attributes),
    status: { code: span.error === undefined ? statusUnset : statusError },
  }
}

/**
 * The body of `POST /v1/metrics`.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function encodeMetrics(
  metrics: readonly Metric[],
  resource: Resource,
  window: MetricsWindow,
): string {
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeMetrics: [{ scope, metrics: metrics.map((metric) => encodeMetric(metric, window)) }],
      },
    ],
  })
}

function encodeMetric(metric: Metric, window: MetricsWindow): object {
  const { name, description, unit } = metric
  const aggregationTemporality = temporalities[window.temporality]
  const time = {
    startTimeUnixNano: toNanoseconds(window.startedAt),
    timeUnixNano: toNanoseconds(window.endedAt),
  }

  if (metric.type === 'histogram') {
    const dataPoints = [...metric.series.values()].map((series) =>
      encodeHistogramPoint(series, metric.bounds, time),
    )
    return { name, description, unit, histogram: { aggregationTemporality, dataPoints } }
  }

  const dataPoints = [...metric.series.values()].map((series) => encodeNumberPoint(series, time))
  return metric.type === 'counter'
    ? { name, description, unit, sum: { aggregationTemporality, isMonotonic: true, dataPoints } }
    : { name, description, unit, gauge: { dataPoints } }
}

function encodeHistogramPoint(
  series: HistogramSeries,
  bounds: readonly number[],
  time: object,
): object {
  return {
    ...time,
    attributes: encodeAttributes(series.labels),
    count: String(series.count),
    sum: series.sum,
    bucketCounts: series.buckets.map(String),
    explicitBounds: bounds,
  }
}

function encodeNumberPoint(series: NumberSeries, time: object): object {
  return { ...time, attributes: encodeAttributes(series.labels), asDouble: series.value }
}

/** Undefined where there is none, as the JSON form leaves out empty lists. */
function encodeAttributes(attributes: Attributes): object[] | undefined {
  const encoded: object[] = []
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) encoded.push({ key, value: encodeValue(value) })
  return encoded.length > 0 ? encoded : undefined
}

function encodeValue(value: AttributeValue): object {
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'string') return { stringValue: value }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}

/** Nanoseconds as a string of digits: a JavaScript number cannot hold them exactly. */
function toNanoseconds(milliseconds: number): string {
  return `${Math.trunc(milliseconds)}${String(Math.round((milliseconds % 1) * 1e6) % 1e6).padStart(6, '0')}`
}
