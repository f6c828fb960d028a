/**
 * Encodes spans and metrics in the JSON form of the OpenTelemetry protocol (OTLP 1.x). The
 * collector calls it before each export. It is pure, and throws nothing for the spans and metrics
 * of this module, whose ids are valid hex; it validates none of them itself.
 */
import type { HistogramSeries, Metric, NumberSeries } from './registry.ts'
import type { Attributes, AttributeValue, FinishedSpan } from './span.ts'

/** The attributes of the exporting service, such as `service.name`. */
export type Resource = Attributes

/** The period in which the exported metrics were counted, in ms since the epoch. */
export interface MetricsWindow {
  readonly startedAt: number
  readonly endedAt: number
  /** `delta`: counted since the last export; `cumulative`: since the isolate started. */
  readonly temporality: 'delta' | 'cumulative'
}

const instrumentationScope = { name: 'portcullis' }
/**
 * The numbers of the enums in trace.proto and metrics.proto. The JSON form contains numbers instead
 * of names.
 */
const spanKinds = { internal: 1, server: 2, client: 3 } as const
const statusUnset = 0
const statusError = 2
const temporalities = { delta: 1, cumulative: 2 } as const

/**
 * Encodes the body of `POST /v1/traces`. Ids are hex and 64-bit integers are strings, where this
 * form differs from protobuf's own JSON.
 *
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function encodeSpans(spans: readonly FinishedSpan[], resource: Resource): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: encodeAttributes(resource) },
        scopeSpans: [{ scope: instrumentationScope, spans: spans.map(encodeSpan) }],
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
 * Encodes the body of `POST /v1/metrics`.
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
        scopeMetrics: [
          {
            scope: instrumentationScope,
            metrics: metrics.map((metric) => encodeMetric(metric, window)),
          },
        ],
      },
    ],
  })
}

function encodeMetric(metric: Metric, window: MetricsWindow): object {
  const { name, description, unit } = metric
  const aggregationTemporality = temporalities[window.temporality]
  const pointTimes = {
    startTimeUnixNano: toNanoseconds(window.startedAt),
    timeUnixNano: toNanoseconds(window.endedAt),
  }

  if (metric.type === 'histogram') {
    const dataPoints = [...metric.series.values()].map((histogramSeries) =>
      encodeHistogramPoint(histogramSeries, metric.bounds, pointTimes),
    )
    return { name, description, unit, histogram: { aggregationTemporality, dataPoints } }
  }

  const dataPoints = [...metric.series.values()].map((numberSeries) =>
    encodeNumberPoint(numberSeries, pointTimes),
  )

  return metric.type === 'counter'
    ? { name, description, unit, sum: { aggregationTemporality, isMonotonic: true, dataPoints } }
    : { name, description, unit, gauge: { dataPoints } }
}

function encodeHistogramPoint(
  histogramSeries: HistogramSeries,
  bounds: readonly number[],
  pointTimes: object,
): object {
  return {
    ...pointTimes,
    attributes: encodeAttributes(histogramSeries.labels),
    count: String(histogramSeries.count),
    sum: histogramSeries.sum,
    bucketCounts: histogramSeries.buckets.map(String),
    explicitBounds: bounds,
  }
}

function encodeNumberPoint(numberSeries: NumberSeries, pointTimes: object): object {
  return {
    ...pointTimes,
    attributes: encodeAttributes(numberSeries.labels),
    asDouble: numberSeries.value,
  }
}

/**
 * Encodes attributes. Returns undefined where there are none, because the JSON form omits empty
 * lists.
 */
function encodeAttributes(attributes: Attributes): object[] | undefined {
  const encodedAttributes: object[] = []
  for (const [attributeName, attributeValue] of Object.entries(attributes))
    if (attributeValue !== undefined)
      encodedAttributes.push({ key: attributeName, value: encodeValue(attributeValue) })

  return encodedAttributes.length > 0 ? encodedAttributes : undefined
}

function encodeValue(attributeValue: AttributeValue): object {
  if (typeof attributeValue === 'boolean') return { boolValue: attributeValue }
  if (typeof attributeValue === 'string') return { stringValue: attributeValue }
  return Number.isSafeInteger(attributeValue)
    ? { intValue: String(attributeValue) }
    : { doubleValue: attributeValue }
}

/**
 * Converts to nanoseconds as a string of digits, since a JavaScript number cannot represent them
 * exactly.
 */
function toNanoseconds(milliseconds: number): string {
  return `${Math.trunc(milliseconds)}${String(Math.round((milliseconds % 1) * 1e6) % 1e6).padStart(6, '0')}`
}
