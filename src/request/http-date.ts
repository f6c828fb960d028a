/**
 * Parses dates of HTTP header fields. The cache of the proxy calls it for `Expires`,
 * `Last-Modified` and the like. Text that is no HTTP-date gives undefined.
 */

const months = 'janfebmaraprmayjunjulaugsepoctnovdec'
const time = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)$/

/** `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that may be sent. */
const fixdate = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d:\d\d:\d\d) gmt$/
/** `Sunday, 06-Nov-94 08:49:37 GMT`. */
const rfc850 =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d:\d\d:\d\d) gmt$/
/** `Sun Nov  6 08:49:37 1994`. */
const asctime = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d:\d\d:\d\d) (\d{4})$/

/**
 * Reads an HTTP-date in one of its three forms, letter case aside. The weekday is not compared with the date.
 *
 * @param now - epoch milliseconds: a year of two digits that seems to lie more than 50 years ahead is the last such year.
 * @returns epoch milliseconds; undefined for everything else, such as numbers, other zones and dates that do not exist.
 * @see RFC 9110 section 5.6.7
 */
export function parseHttpDate(
  text: string | null | undefined,
  now: number = Date.now(),
): number | undefined {
  if (!text || text.length > 40) return undefined

  const value = text.trim().toLowerCase()
  const fixed = fixdate.exec(value)
  if (fixed !== null) return readDate(fixed[3], fixed[2], fixed[1], fixed[4])

  const c = asctime.exec(value)
  if (c !== null) return readDate(c[4], c[1], c[2]?.trim(), c[3])

  const old = rfc850.exec(value)
  if (old === null) return undefined

  const thisYear = new Date(now).getUTCFullYear()
  let year = thisYear - (thisYear % 100) + Number(old[3])
  if (year > thisYear + 50) year -= 100

  return readDate(`${year}`, old[2], old[1], old[4])
}

function readDate(year = '', month = '', day = '', clock = ''): number | undefined {
  const index = months.indexOf(month)
  const parts = time.exec(clock)
  if (index === -1 || index % 3 !== 0 || parts === null) return undefined

  const [, hours, minutes, seconds] = parts.map(Number)
  const midnight = new Date(0)
  midnight.setUTCFullYear(Number(year), index / 3, Number(day))

  // February 30 would be March 1 or 2.
  if (midnight.getUTCDate() !== Number(day) || Number(day) === 0) return undefined

  return midnight.getTime() + ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000
}
