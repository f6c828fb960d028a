/**
 * Implements the resource isolation policy of Fetch Metadata: other sites may link to this one, but not embed or
 * read its responses. `check.ts` calls it for reads if the policy has the option `isolation`. It does not throw.
 * Browsers that send no Fetch Metadata are allowed, so they are not protected.
 */
import type { IsolationOptions } from './policy.ts'

/**
 * Whether a read by another site is rejected. Navigations are allowed, since links must work. Requests of browsers
 * without Fetch Metadata are allowed too, and so are preflights, which have no credentials and read nothing.
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
  // A navigation of a plugin is a subresource of the page that embeds it.
  const isPlugin = destination === 'object' || destination === 'embed'
  return isPlugin || (!frames && !!destination?.endsWith('frame'))
}
