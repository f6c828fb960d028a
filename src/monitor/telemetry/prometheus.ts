/** The text that Prometheus scrapes, version 0.0.4. */
import type { Labels, Metric } from './registry.ts'

/** Media type of the text. */
export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Endings of names by unit, as OpenTelemetry maps them to Prometheus. */
const unitSuffixes: Readonly<Record<string, string>> = { s: '_seconds' }

/**
 * Writes every series. Names are those of OpenTelemetry with `_` for `.`, the unit at the end, and `_total` for counters.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function formatPrometheus(metrics: readonly Metric[]): string {
  return metrics.map(formatMetric).join('')
}

function formatMetric(metric: Metric): string {
  const base = toMetricName(metric.name) + (unitSuffixes[metric.unit] ?? '')
  const name = metric.type === 'counter' ? `${base}_total` : base
  const head = `# HELP ${name} ${escapeHelp(metric.description)}\n# TYPE ${name} ${metric.type}\n`

  return head + formatSeries(metric, name)
}

function formatSeries(metric: Metric, name: string): string {
  if (metric.type !== 'histogram')
    return [...metric.series.values()]
      .map(({ labels, value }) => `${name}${formatLabels(labels)} ${value}\n`)
      .join('')

  let text = ''
  for (const { labels, buckets, count, sum } of metric.series.values()) {
    let cumulative = 0
    for (const [index, bound] of metric.bounds.entries()) {
      cumulative += buckets[index] ?? 0
      text += `${name}_bucket${formatLabels(labels, String(bound))} ${cumulative}\n`
    }

    text += `${name}_bucket${formatLabels(labels, '+Inf')} ${count}\n`
    text += `${name}_sum${formatLabels(labels)} ${sum}\n`
    text += `${name}_count${formatLabels(labels)} ${count}\n`
  }

  return text
}

function formatLabels(labels: Labels, bound?: string): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${toMetricName(name)}="${escapeLabel(value)}"`,
  )
  if (bound !== undefined) pairs.push(`le="${bound}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function toMetricName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_')
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
