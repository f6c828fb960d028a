/**
 * Formats how long to wait: Retry-After in the words of a language. Error responses and templates
 * call it. A header that is absent or a date gives undefined.
 */

/** Seconds of the Retry-After among these headers; undefined without one, or for a date. */
export function readRetryAfter(
  headers: ReadonlyArray<readonly [name: string, value: string]>,
): number | undefined {
  const value = headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  return value !== undefined && /^\d{1,9}$/.test(value) && value !== '0' ? Number(value) : undefined
}

/** A time such as `5 minutes`, rounded up, so that nobody comes too early. */
export function formatWait(seconds: number, language: string): string {
  const [unit, size] =
    seconds < 90 ? ['second', 1] : seconds < 5400 ? ['minute', 60] : ['hour', 3600]
  const options = { style: 'unit', unit, unitDisplay: 'long' } as const
  return new Intl.NumberFormat(language, options).format(Math.ceil(seconds / Number(size)))
}
