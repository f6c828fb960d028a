/**
 * Reads the seconds of Retry-After and formats them as words in a language, for pages that say when
 * to try again. Error responses and page templates call it. A header that is absent, 0 or a date
 * gives undefined. `formatWait` throws a `RangeError` for a language tag that `Intl` does not
 * accept.
 */

/** Returns the seconds of Retry-After; undefined where it is absent, 0 or a date. */
export function readRetryAfter(
  headers: ReadonlyArray<readonly [name: string, value: string]>,
): number | undefined {
  const value = headers.find(([name]) => name.toLowerCase() === 'retry-after')?.[1]
  return value !== undefined && /^\d{1,9}$/.test(value) && value !== '0' ? Number(value) : undefined
}

/** Formats a time such as `5 minutes`, rounded up, so that nobody tries too early. */
export function formatWait(seconds: number, language: string): string {
  const [unit, size] =
    seconds < 90 ? ['second', 1] : seconds < 5400 ? ['minute', 60] : ['hour', 3600]
  const options = { style: 'unit', unit, unitDisplay: 'long' } as const
  return new Intl.NumberFormat(language, options).format(Math.ceil(seconds / Number(size)))
}
