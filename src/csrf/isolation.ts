/**
 * Implements the resource isolation policy of Fetch Metadata: other sites may link here, but not
 * embed or read responses. `check.ts` calls it for reads where the policy isolates. Browsers that
 * send no Fetch Metadata are allowed.
 */
import type { IsolationOptions } from './policy.ts'

/**
 * Whether a read by another site is rejected. Navigations are allowed, because links must work; so are requests of browsers
 * without Fetch Metadata, and preflights, which carry no credentials and read nothing.
 *
 * @param site - the value of Sec-Fetch-Site, neither `same-origin` nor `none`
 * @see Fetch Metadata Request Headers section 2
 */
export function rejectsRead(
  { sameSite, frames }: IsolationOptions,
  method: string,
  site: string | null,
  headers: Headers,
): boolean {
  if (site === null || (site === 'same-site' && sameSite) || method === 'OPTIONS') return false
  if (method !== 'GET' || headers.get('sec-fetch-mode') !== 'navigate') return true

  const destination = headers.get('sec-fetch-dest')
  // Navigations of plugins are subresources of the page that embeds them.
  const isPlugin = destination === 'object' || destination === 'embed'
  return isPlugin || (!frames && !!destination?.endsWith('frame'))
}
