/**
 * Parses dates of HTTP header fields such as `Expires` and `Last-Modified`. The proxy's cache calls
 * it. It is pure and throws nothing. A text that is no HTTP-date, or has more than 40 characters,
 * gives undefined.
 */

const months = 'janfebmaraprmayjunjulaugsepoctnovdec'
const time = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)$/

/** The form `Sun, 06 Nov 1994 08:49:37 GMT`, the only one that may be sent. */
const fixdate = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d\d) ([a-z]{3}) (\d{4}) (\d\d:\d\d:\d\d) gmt$/
/** The obsolete form `Sunday, 06-Nov-94 08:49:37 GMT`. */
const rfc850 =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d\d)-([a-z]{3})-(\d\d) (\d\d:\d\d:\d\d) gmt$/
/** The obsolete form `Sun Nov  6 08:49:37 1994`. */
const asctime = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d\d:\d\d:\d\d) (\d{4})$/

/**
 * Parses an HTTP-date in one of its three forms, in any case. The weekday is not compared with the
 * date.
 *
 * @param now - ms since the epoch. A year of two digits that would be more than 50 years ahead is
 *   one of the previous century.
 * @returns ms since the epoch; undefined for everything else, such as numbers, other time zones and
 *   dates that do not exist.
 * @see RFC 9110 section 5.6.7
 */
export function parseHttpDate(
  text: string | null | undefined,
  now: number = Date.now(),
): number | undefined {
  if (!text || text.length > 40) return undefined

  const value = text.trim().toLowerCase()
  const fixdateParts = fixdate.exec(value)
  if (fixdateParts !== null)
    return readDate(fixdateParts[3], fixdateParts[2], fixdateParts[1], fixdateParts[4])

  const asctimeParts = asctime.exec(value)
  if (asctimeParts !== null)
    return readDate(asctimeParts[4], asctimeParts[1], asctimeParts[2]?.trim(), asctimeParts[3])

  const rfc850Parts = rfc850.exec(value)
  if (rfc850Parts === null) return undefined

  const thisYear = new Date(now).getUTCFullYear()
  let year = thisYear - (thisYear % 100) + Number(rfc850Parts[3])
  if (year > thisYear + 50) year -= 100

  return readDate(`${year}`, rfc850Parts[2], rfc850Parts[1], rfc850Parts[4])
}

function readDate(year = '', month = '', day = '', clock = ''): number | undefined {
  const index = months.indexOf(month)
  const parts = time.exec(clock)
  if (index === -1 || index % 3 !== 0 || parts === null) return undefined

  const [, hours, minutes, seconds] = parts.map(Number)
  const midnight = new Date(0)
  midnight.setUTCFullYear(Number(year), index / 3, Number(day))

  // A date such as February 30 would become March 1 or 2.
  if (midnight.getUTCDate() !== Number(day) || Number(day) === 0) return undefined

  return midnight.getTime() + ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000
}
