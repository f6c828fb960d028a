/**
 * Formats metrics as the text that Prometheus scrapes, format version 0.0.4. `telemetry()` calls it
 * for its method `prometheus()`; the media type is exported for the route that serves it. It is
 * pure and throws nothing. Label values are escaped, and characters that Prometheus forbids in
 * names become `_`, so two names that differ only in such characters would collide.
 */
import type { Labels, Metric } from './registry.ts'

/** The media type of the text. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** The suffixes of metric names by unit, as OpenTelemetry maps them to Prometheus. */
const unitSuffixes: Readonly<Record<string, string>> = { s: '_seconds' }

/**
 * Formats all series. Names are those of OpenTelemetry with `_` for `.`, the unit as suffix, and
 * `_total` for counters.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function formatPrometheus(metrics: readonly Metric[]): string {
  return metrics.map(formatMetric).join('')
}

function formatMetric(metric: Metric): string {
  const baseName = toMetricName(metric.name) + (unitSuffixes[metric.unit] ?? '')
  const metricName = metric.type === 'counter' ? `${baseName}_total` : baseName
  const metricHeader = `# HELP ${metricName} ${escapeHelp(metric.description)}\n# TYPE ${metricName} ${metric.type}\n`

  return metricHeader + formatSeries(metric, metricName)
}

function formatSeries(metric: Metric, metricName: string): string {
  if (metric.type !== 'histogram')
    return [...metric.series.values()]
      .map(
        ({ labels, value: seriesValue }) => `${metricName}${formatLabels(labels)} ${seriesValue}\n`,
      )
      .join('')

  let seriesText = ''
  for (const { labels, buckets, count, sum } of metric.series.values()) {
    let cumulative = 0
    for (const [index, upperBound] of metric.bounds.entries()) {
      cumulative += buckets[index] ?? 0
      seriesText += `${metricName}_bucket${formatLabels(labels, String(upperBound))} ${cumulative}\n`
    }

    seriesText += `${metricName}_bucket${formatLabels(labels, '+Inf')} ${count}\n`
    seriesText += `${metricName}_sum${formatLabels(labels)} ${sum}\n`
    seriesText += `${metricName}_count${formatLabels(labels)} ${count}\n`
  }

  return seriesText
}

function formatLabels(labels: Labels, upperBound?: string): string {
  const labelPairs = Object.entries(labels).map(
    ([labelName, labelValue]) => `${toMetricName(labelName)}="${escapeLabel(labelValue)}"`,
  )
  if (upperBound !== undefined) labelPairs.push(`le="${upperBound}"`)
  return labelPairs.length === 0 ? '' : `{${labelPairs.join(',')}}`
}

function toMetricName(instrumentName: string): string {
  return instrumentName.replaceAll(/[^A-Za-z0-9_]/g, '_')
}

function escapeLabel(labelValue: string): string {
  return labelValue.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(helpText: string): string {
  return helpText.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
