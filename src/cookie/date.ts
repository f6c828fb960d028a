/**
 * Parses the dates of cookies as browsers do, which differs from `Date.parse`: the parts may come in any order,
 * and time zones are ignored. `set-cookie.ts` calls it for `Expires`, and so does the cookie jar of
 * `portcullis/testing`. A text that is no date gives undefined; browsers ignore the attribute then. It does not
 * throw.
 */

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
 * Parses an `Expires` attribute into milliseconds since the epoch. Returns undefined for text that is not a date; browsers
 * ignore the attribute then. Names of time zones and offsets are not read: all dates are UTC.
 *
 * @see RFC 6265 section 5.1.1
 */
export function parseCookieDate(dateText: string): number | undefined {
  const parts: DateParts = {}
  for (const token of dateText.split(delimiters)) readToken(token, parts)

  const { time: timeOfDay, day, month } = parts
  if (!timeOfDay || day === undefined || month === undefined || parts.year === undefined) {
    return undefined
  }

  const [hour, minute, second] = timeOfDay
  const fullYear = parts.year + (parts.year <= 69 ? 2000 : parts.year <= 99 ? 1900 : 0)
  if (fullYear < 1601 || hour > 23 || minute > 59 || second > 59) return undefined

  const milliseconds = Date.UTC(fullYear, month, day, hour, minute, second)
  // RFC 6265 section 5.1.1, step 6: a date such as the 31st of February is invalid.
  return new Date(milliseconds).getUTCDate() === day ? milliseconds : undefined
}

/** Reads a token as the first of time, day, month and year that it matches and that is still missing. */
function readToken(token: string, parts: DateParts): void {
  const [, hour, minute, second] = parts.time === undefined ? (time.exec(token) ?? []) : []
  if (hour !== undefined) {
    parts.time = [Number(hour), Number(minute), Number(second)]
    return
  }

  const [, day] = parts.day === undefined ? (dayOfMonth.exec(token) ?? []) : []
  if (day !== undefined) {
    parts.day = Number(day)
    return
  }

  const month = parts.month === undefined ? months.indexOf(token.slice(0, 3).toLowerCase()) : -1
  if (month !== -1) {
    parts.month = month
    return
  }

  const [, digits] = parts.year === undefined ? (year.exec(token) ?? []) : []
  if (digits !== undefined) parts.year = Number(digits)
}
