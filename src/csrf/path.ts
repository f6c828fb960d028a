/**
 * Reads the raw path of a URL by slicing. `guard.ts` calls it to find the rule of a route. A URL
 * without a path gives an empty text.
 */
import { hostEnd, hostStart } from '../request/origin.ts'

/** Returns the unchanged text between host and query; empty for a URL without a path that begins with a slash. */
export function readPathname(requestUrl: string): string {
  const authority = hostStart(requestUrl)
  if (authority === -1) return ''

  const [requestPath = ''] = requestUrl.slice(hostEnd(requestUrl, authority)).split(/[?#]/, 1)
  return requestPath.startsWith('/') ? requestPath : ''
}
