/** Reads the raw path of a URL. */
import { hostEnd, hostStart } from '../request/origin.ts'

/** Returns the unchanged text between host and query; empty for a URL without a path that begins with a slash. */
export function readPathname(url: string): string {
  const authority = hostStart(url)
  if (authority === -1) return ''

  const [path = ''] = url.slice(hostEnd(url, authority)).split(/[?#]/, 1)
  return path.startsWith('/') ? path : ''
}
