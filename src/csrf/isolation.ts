/** Fetch Metadata's resource isolation policy: another site may link to us, not load us into itself. */
import type { IsolationOptions } from './policy.ts'

/**
 * Whether a read is kept from another site. Visits pass, since links must work; so does whatever a browser without Fetch
 * Metadata asks, and a preflight, which carries no credentials and reads nothing.
 *
 * @param site - the Sec-Fetch-Site, neither `same-origin` nor `none`
 * @see Fetch Metadata Request Headers section 2
 */
export function isolates(
  { sameSite, frames }: IsolationOptions | undefined = {},
  method: string,
  site: string | null,
  headers: Headers,
): boolean {
  if (site === null || (site === 'same-site' && sameSite) || method === 'OPTIONS') return false
  if (method !== 'GET' || headers.get('sec-fetch-mode') !== 'navigate') return true

  const into = headers.get('sec-fetch-dest')
  // Plugins' navigations are subresources of the page around them.
  if (into === 'object' || into === 'embed') return true

  return !frames && (into === 'iframe' || into === 'frame' || into === 'fencedframe')
}
