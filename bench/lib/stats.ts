/** Medians, and how they are written. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (i: number): number => sorted[i] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  }
}

export const median = (values: readonly number[]): number => spread(values).median

/** Three figures are as many as a measurement has. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 10_000) return Math.round(value).toLocaleString('en')
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** `12.3 (11.9-14.0)`. */
export function written({ median, min, max }: Spread): string {
  return `${figure(median)} (${figure(min)}-${figure(max)})`
}

/** The same, with a sign. */
export function over(values: readonly number[]): string {
  const { median, min, max } = spread(values)
  return `${signed(median)} (${signed(min)}..${signed(max)})`
}

export const signed = (value: number): string => `${value >= 0 ? '+' : ''}${figure(value)}`
