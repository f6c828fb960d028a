/** The path of a request as it was sent. */
import { hostEnd, hostStart } from '../request/origin.ts'

/** What stands between the host and the query, untouched; empty where there is no path that begins with a slash. */
export function readPathname(url: string): string {
  const host = hostStart(url)
  if (host === -1) return ''

  const start = hostEnd(url, host)
  if (url[start] !== '/') return ''

  for (let at = start; at < url.length; at++) {
    const code = url.charCodeAt(at)
    if (code === 0x3f || code === 0x23) return url.slice(start, at)
  }

  return url.slice(start)
}
