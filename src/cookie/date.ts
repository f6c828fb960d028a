/** Dates of cookies, as browsers read them: in any order, of any time zone, and not as `Date.parse` has them. */

const delimiters = /[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+/
const time = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/
const dayOfMonth = /^(\d{1,2})(?!\d)/
const year = /^(\d{2,4})(?!\d)/
const months: readonly string[] = [
  ...['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
]

interface DateParts {
  time?: readonly [hour: number, minute: number, second: number]
  day?: number
  month?: number
  year?: number
}

/**
 * The moment of an `Expires` attribute, in milliseconds; undefined for what is no date, so that the attribute counts for
 * nothing. Words for time zones and offsets are not read: all dates are UTC.
 *
 * @see RFC 6265 section 5.1.1
 */
export function parseCookieDate(text: string): number | undefined {
  const found: DateParts = {}
  for (const token of text.split(delimiters)) readToken(token, found)
  const { time: clock, day, month } = found
  if (clock === undefined || day === undefined || month === undefined || found.year === undefined)
    return undefined
  const [hour, minute, second] = clock
  const full = found.year + (found.year <= 69 ? 2000 : found.year <= 99 ? 1900 : 0)
  if (full < 1601 || hour > 23 || minute > 59 || second > 59) return undefined
  const at = Date.UTC(full, month, day, hour, minute, second)
  // Step 6: the 31st of February is no date.
  return new Date(at).getUTCDate() === day ? at : undefined
}

/** Each token is the first of these that is still missing. */
function readToken(token: string, found: DateParts): void {
  const [, hour, minute, second] = found.time === undefined ? (time.exec(token) ?? []) : []
  if (hour !== undefined) {
    found.time = [Number(hour), Number(minute), Number(second)]
    return
  }
  const [, day] = found.day === undefined ? (dayOfMonth.exec(token) ?? []) : []
  if (day !== undefined) {
    found.day = Number(day)
    return
  }
  const month = found.month === undefined ? months.indexOf(token.slice(0, 3).toLowerCase()) : -1
  if (month !== -1) {
    found.month = month
    return
  }
  const [, digits] = found.year === undefined ? (year.exec(token) ?? []) : []
  if (digits !== undefined) found.year = Number(digits)
}
