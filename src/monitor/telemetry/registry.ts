/**
 * Stores counters, gauges and histograms in bounded memory, one series for each set of labels.
 * `telemetry()` counts requests and events in it, the collector exports it over OTLP, and
 * `prometheus.ts` formats it. It throws nothing. A name that was not declared, or that was declared
 * as another type, is ignored. From 2,000 series of one metric on, further sets of labels are
 * counted together in one overflow series.
 */
import type { Attributes } from './span.ts'

/** The labels of a series: names and values. */
export type Labels = Readonly<Record<string, string>>

/** A histogram of one set of labels. */
export interface HistogramSeries {
  readonly labels: Labels
  /**
   * The number of observations up to each bound and above the previous one; the last entry counts
   * those above all bounds.
   */
  readonly buckets: number[]
  count: number
  sum: number
}

/** A counter or gauge of one set of labels. */
export interface NumberSeries {
  readonly labels: Labels
  value: number
}

/** A metric with all its series. */
export type Metric = {
  /** The name with dots, such as `http.server.request.duration`. */
  readonly name: string
  readonly description: string
  /** The unit in UCUM: `s` for seconds, `{request}` for requests. */
  readonly unit: string
} & (
  | {
      readonly type: 'histogram'
      readonly bounds: readonly number[]
      readonly series: Map<string, HistogramSeries>
    }
  | { readonly type: 'counter' | 'gauge'; readonly series: Map<string, NumberSeries> }
)

/**
 * The most series of one metric. Names of routes, upstreams, reasons and events come from the
 * configuration and the code, so clients cannot add any; the bound is a safeguard. OpenTelemetry's
 * SDK has the same default.
 */
const maxSeries = 2000
/** The labels of the overflow series, as the SDK specification names it. */
const overflowLabels: Labels = { 'otel.metric.overflow': 'true' }

/**
 * The bounds of histograms in seconds, as the semantic conventions advise for durations of HTTP
 * requests.
 */
export const durationBounds: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]

/** The metrics of one isolate or process. */
export class MetricsRegistry {
  readonly #metrics = new Map<string, Metric>()

  /** Declares a histogram of seconds; call it once for a name. */
  histogram(metricName: string, description: string): void {
    const histogramShape = { name: metricName, description, unit: 's', bounds: durationBounds }
    this.#metrics.set(metricName, { ...histogramShape, type: 'histogram', series: new Map() })
  }

  /** Declares a counter that only rises; call it once for a name. */
  counter(metricName: string, description: string, unit: string): void {
    this.#metrics.set(metricName, {
      name: metricName,
      description,
      unit,
      type: 'counter',
      series: new Map(),
    })
  }

  /** Declares a gauge; call it once for a name. */
  gauge(metricName: string, description: string, unit: string): void {
    this.#metrics.set(metricName, {
      name: metricName,
      description,
      unit,
      type: 'gauge',
      series: new Map(),
    })
  }

  /** Adds one observation, in seconds. */
  observe(metricName: string, seconds: number, attributes: Attributes): void {
    const metric = this.#metrics.get(metricName)
    if (metric?.type !== 'histogram') return

    const series = findSeries(metric.series, attributes, createHistogram)
    const bucketIndex = metric.bounds.findIndex((upperBound) => seconds <= upperBound)
    const index = bucketIndex === -1 ? metric.bounds.length : bucketIndex

    series.buckets[index] = (series.buckets[index] ?? 0) + 1
    series.count += 1
    series.sum += seconds
  }

  /** Adds to a counter. */
  add(metricName: string, amount: number, attributes: Attributes): void {
    const metric = this.#metrics.get(metricName)
    if (metric?.type !== 'counter') return
    findSeries(metric.series, attributes, createNumber).value += amount
  }

  /** Sets a gauge. */
  set(metricName: string, value: number, attributes: Attributes): void {
    const metric = this.#metrics.get(metricName)
    if (metric?.type !== 'gauge') return
    findSeries(metric.series, attributes, createNumber).value = value
  }

  /** Returns every metric that has at least one series. */
  collect(): Metric[] {
    return [...this.#metrics.values()].filter(({ series }) => series.size > 0)
  }

  /**
   * Returns all counts and resets them, so that the next export starts from zero. Gauges keep their
   * values.
   */
  takeDeltas(): Metric[] {
    const takenMetrics: Metric[] = []
    for (const [metricName, metric] of this.#metrics) {
      if (metric.series.size === 0) continue
      takenMetrics.push(metric)
      if (metric.type !== 'gauge') this.#metrics.set(metricName, { ...metric, series: new Map() })
    }

    return takenMetrics
  }

  /** Adds the counts that {@link takeDeltas} returned again, because their export failed. */
  restoreDeltas(metrics: readonly Metric[]): void {
    for (const metric of metrics) {
      const current = this.#metrics.get(metric.name)
      if (metric.type === 'histogram' && current?.type === 'histogram')
        restoreHistogram(current.series, metric.series)

      if (metric.type === 'counter' && current?.type === 'counter')
        for (const { labels, value: lostValue } of metric.series.values())
          findSeries(current.series, labels, createNumber).value += lostValue
    }
  }
}

function restoreHistogram(
  target: Map<string, HistogramSeries>,
  sourceSeries: ReadonlyMap<string, HistogramSeries>,
): void {
  for (const lostSeries of sourceSeries.values()) {
    const series = findSeries(target, lostSeries.labels, createHistogram)
    for (const [index, bucketCount] of lostSeries.buckets.entries())
      series.buckets[index] = (series.buckets[index] ?? 0) + bucketCount

    series.count += lostSeries.count
    series.sum += lostSeries.sum
  }
}

function createHistogram(labels: Labels): HistogramSeries {
  const buckets = new Array<number>(durationBounds.length + 1).fill(0)
  return { labels, buckets, count: 0, sum: 0 }
}

function createNumber(labels: Labels): NumberSeries {
  return { labels, value: 0 }
}

function findSeries<T>(
  series: Map<string, T>,
  attributes: Attributes,
  createSeries: (labels: Labels) => T,
): T {
  const labels = toLabels(attributes)
  const labelsKey = JSON.stringify(labels)
  const existing = series.get(labelsKey)
  if (existing !== undefined) return existing

  if (series.size >= maxSeries - 1) {
    const overflowKey = JSON.stringify(overflowLabels)
    const overflow = series.get(overflowKey) ?? createSeries(overflowLabels)
    series.set(overflowKey, overflow)

    return overflow
  }

  const createdSeries = createSeries(labels)
  series.set(labelsKey, createdSeries)

  return createdSeries
}

function toLabels(attributes: Attributes): Labels {
  const labels: Record<string, string> = {}
  for (const [labelName, labelValue] of Object.entries(attributes))
    if (labelValue !== undefined) labels[labelName] = String(labelValue)

  return labels
}
