/**
 * Reads the path of a URL without decoding or normalizing it. `guard.ts` calls it to find the rule of a route and
 * to name the path in events. A text that is no absolute URL, or has no path, gives an empty text, which matches
 * no rule. It does not throw.
 */
import { hostEnd, hostStart } from '../request/origin.ts'

/** Returns the text between host and query or fragment, unchanged; empty for a URL without a path. */
export function readPathname(requestUrl: string): string {
  const authority = hostStart(requestUrl)
  if (authority === -1) return ''

  const [requestPath = ''] = requestUrl.slice(hostEnd(requestUrl, authority)).split(/[?#]/, 1)
  return requestPath.startsWith('/') ? requestPath : ''
}
