/** Reads the raw path of a URL. */
import { hostEnd, hostStart } from '../request/origin.ts'

/** Returns the unchanged text between host and query; empty for a URL without a path that begins with a slash. */
export function readPathname(url: string): string {
  const authority = hostStart(url)
  if (authority === -1) return ''

  const start = hostEnd(url, authority)
  if (url[start] !== '/') return ''

  for (let index = start; index < url.length; index++) {
    const code = url.charCodeAt(index)
    if (code === 0x3f || code === 0x23) return url.slice(start, index)
  }

  return url.slice(start)
}
