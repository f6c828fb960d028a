/**
 * Draws series of an hour as inline SVG: one path for each colour, so that a chart is short.
 * `parts.ts` calls it. Series of zeros give an empty chart.
 */
import { shownMinutes } from '../counts/counts.ts'
import { type Html, html } from './html.ts'
import type { Series } from './view.ts'

const height = 100
const barWidth = 8

/** A stacked chart: what is at the bottom comes first. */
export function drawStack(layers: readonly Series[], label: string): Html {
  const sums = Array.from({ length: shownMinutes }, (_, index) => sumAt(layers, index))
  const most = Math.max(1, ...sums)
  const base = new Array<number>(shownMinutes).fill(0)
  const paths = layers.map(({ name, values }) => {
    let path = ''
    for (const [index, value] of values.entries()) {
      if (value === 0) continue
      const below = base[index] ?? 0
      base[index] = below + value
      const [from, to] = [below, below + value].map((sum) => height - (sum / most) * height)
      path += `M${index * 10 + 5} ${round(from)}V${round(to)}`
    }
    return html`<path class="c-${name}" d="${path}"/>`
  })
  return html`<svg class="chart" viewBox="0 0 ${shownMinutes * 10} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}" stroke-width="${barWidth}">${paths}</svg>
<p class="axis"><span>60 minutes ago</span><span>at most ${most} a minute</span><span>now</span></p>`
}

/** A small chart beside a number. It says nothing that the number does not, so it is hidden from screen readers. */
export function drawSpark({ values }: Series): Html {
  const most = Math.max(1, ...values)
  let path = ''
  for (const [index, value] of values.entries()) {
    if (value > 0) path += `M${index * 2 + 1} 20V${round(20 - (value / most) * 19)}`
  }
  return html`<svg class="spark" viewBox="0 0 ${shownMinutes * 2} 20" aria-hidden="true" stroke-width="1.6"><path d="${path}"/></svg>`
}

function sumAt(layers: readonly Series[], index: number): number {
  return layers.reduce((sum, { values }) => sum + (values[index] ?? 0), 0)
}

function round(value: number | undefined): number {
  return Math.round((value ?? 0) * 10) / 10
}
