/**
 * Draws the counts of the last hour as inline SVG: stacked bars for several series, and a small chart
 * for one. `parts.ts` calls it. Each series is drawn as one path, so that a chart is short. A chart of
 * zeros is empty. All text is escaped by `html.ts`.
 */
import { shownMinutes } from '../counts/counts.ts'
import { type Html, html } from './html.ts'
import type { Series } from './view.ts'

const height = 100
const barWidth = 8

/** Draws a stacked chart. The first series is at the bottom. */
export function drawStack(layers: readonly Series[], label: string): Html {
  const sums = Array.from({ length: shownMinutes }, (_, index) => sumAt(layers, index))
  const highest = Math.max(1, ...sums)
  const stackHeights = new Array<number>(shownMinutes).fill(0)
  const paths = layers.map(({ name, values }) => {
    let path = ''
    for (const [index, value] of values.entries()) {
      if (value === 0) continue
      const below = stackHeights[index] ?? 0
      stackHeights[index] = below + value
      const bottom = height - (below / highest) * height
      const top = height - ((below + value) / highest) * height
      path += `M${index * 10 + 5} ${round(bottom)}V${round(top)}`
    }
    return html`<path class="c-${name}" d="${path}"/>`
  })

  return html`<svg class="chart" viewBox="0 0 ${shownMinutes * 10} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}" stroke-width="${barWidth}">${paths}</svg>
<p class="axis"><span>60 minutes ago</span><span>at most ${highest} a minute</span><span>now</span></p>`
}

/** Draws a small chart beside a number. The number is the content, so the chart is hidden from screen readers. */
export function drawSpark({ values }: Series): Html {
  const highest = Math.max(1, ...values)
  let path = ''
  for (const [index, value] of values.entries()) {
    if (value > 0) path += `M${index * 2 + 1} 20V${round(20 - (value / highest) * 19)}`
  }
  return html`<svg class="spark" viewBox="0 0 ${shownMinutes * 2} 20" aria-hidden="true" stroke-width="1.6"><path d="${path}"/></svg>`
}

function sumAt(layers: readonly Series[], index: number): number {
  return layers.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
