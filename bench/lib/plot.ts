/** Two kinds of picture as SVG: bars, and lines over a logarithmic axis. */
import { figure } from './stats.ts'

const ink = '#1f2937'
const pale = '#9ca3af'
const ours = '#0f766e'
const colours = [ours, '#9333ea', '#d97706', '#2563eb', '#be123c', '#4b5563', '#65a30d']

/** A picture on its way into bench/plots/. */
export interface Plot {
  readonly file: string
  readonly title: string
  readonly svg: string
}

export interface Bar {
  readonly name: string
  readonly value: number
  /** Drawn in the colour that says "this is ours". */
  readonly ours?: boolean
}

/** Horizontal bars, one a row; values above `most` are cut and say so. */
export function bars(
  file: string,
  title: string,
  unit: string,
  all: readonly Bar[],
  most = Number.POSITIVE_INFINITY,
): Plot {
  const [left, right, row] = [210, 90, 24]
  const width = 760
  const height = 48 + all.length * row
  const top = Math.min(most, Math.max(...all.map(({ value }) => value), 1e-9))
  const scale = (width - left - right) / top
  const rows = all.map(({ name, value, ours: own }, i) => {
    const y = 40 + i * row
    const length = Math.max(1, Math.min(value, top) * scale)
    const cut = value > top ? ' »' : ''
    return `${text(left - 8, y + 13, name, 'end', own ? ours : ink)}<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${row - 7}" rx="2" fill="${own ? ours : pale}"/>${text(left + length + 6, y + 13, `${figure(value)}${cut}`, 'start', ink)}`
  })
  return drawn(
    file,
    title,
    width,
    height,
    `${text(12, 22, `${title} (${unit})`, 'start', ink, 15)}${rows.join('\n')}`,
  )
}

export interface Line {
  readonly name: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

/** Lines over a logarithmic x; y begins at 0. */
export function lines(
  file: string,
  title: string,
  xName: string,
  unit: string,
  all: readonly Line[],
): Plot {
  const [width, height, left, right, top, bottom] = [760, 360, 64, 170, 44, 48]
  const xs = [...new Set(all.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b)
  const [first = 1, last = 1] = [xs[0], xs.at(-1)]
  const most = Math.max(...all.flatMap(({ points }) => points.map(([, y]) => y)), 1e-9) * 1.1
  const x = (v: number): number =>
    left +
    ((Math.log(v) - Math.log(first)) / (Math.log(last) - Math.log(first) || 1)) *
      (width - left - right)
  const y = (v: number): number =>
    height - bottom - (Math.max(0, v) / most) * (height - top - bottom)
  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = y(most * part)
    return `<line x1="${left}" x2="${width - right}" y1="${at.toFixed(1)}" y2="${at.toFixed(1)}" stroke="#e5e7eb"/>${text(left - 8, at + 4, figure(most * part), 'end', ink, 11)}`
  })
  const ticks = xs.map((v) =>
    text(x(v), height - bottom + 18, v.toLocaleString('en'), 'middle', ink, 11),
  )
  const paths = all.map(({ name, points }, i) => {
    const colour = colours[i % colours.length] ?? ink
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')
    const dots = points.map(
      ([px, py]) =>
        `<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${colour}"/>`,
    )
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}<rect x="${width - right + 14}" y="${top + i * 20}" width="12" height="12" fill="${colour}"/>${text(width - right + 32, top + i * 20 + 10, name, 'start', ink, 12)}`
  })
  const names = `${text(12, 22, `${title} (${unit})`, 'start', ink, 15)}${text((left + width - right) / 2, height - 10, xName, 'middle', ink)}`
  return drawn(file, title, width, height, [names, ...grid, ...ticks, ...paths].join('\n'))
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: string,
  fill: string,
  size = 13,
): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${fill}" font-size="${size}">${safe(words)}</text>`
}

function drawn(file: string, title: string, width: number, height: number, inside: string): Plot {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" font-family="system-ui, sans-serif">\n<title>${safe(title)}</title>\n<rect width="100%" height="100%" fill="#fff"/>\n${inside}\n</svg>\n`
  return { file, title, svg }
}

function safe(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
