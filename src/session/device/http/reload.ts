/**
 * Creates the page that begins a navigation again. Browsers do not hold back a navigation that
 * another origin began, so a link from a mail arrives without the bound cookie when that has
 * expired; begun again by a page of this origin, it is held back and refreshed. `endpoints.ts` and
 * `enforce.ts` call it.
 */

/**
 * Keeps the fragment of the address, which no server sees: many applications have their routes in
 * it. What stands behind the script then is inert.
 */
const script = 'document.write("<template>");location.reload()'

const policy =
  "default-src 'none'; script-src 'sha256-XN94+9K1rmhisX4EYYA+tzJvYHKqGoP8Zk3Xc38n6bY='"

/**
 * Whether another origin began this navigation. What the page begins is `same-origin`, so it cannot
 * go in a circle. A frame counts only in a page of the same site: what a sandboxed frame begins
 * itself is `cross-site` again.
 *
 * @see Fetch Metadata section 2
 */
export function isForeignNavigation(headers: Pick<Headers, 'get'>): boolean {
  // Most requests have another value of this one, and reading a header is not free.
  const site = headers.get('sec-fetch-site')
  if (site !== 'cross-site' && site !== 'same-site') return false
  if (headers.get('sec-fetch-mode') !== 'navigate') return false

  const target = headers.get('sec-fetch-dest')
  return target === 'document' || (target === 'iframe' && site === 'same-site')
}

/**
 * Creates the page, which nothing may store. Without its script it names the query: to its own
 * address with a fragment a page would not navigate.
 *
 * @param url - of the request; its path is left out, since something in front may have changed it
 */
export function createReloadPage(url: string): Response {
  const search = (URL.canParse(url) && new URL(url).search) || '?'
  const query = search.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  const page = `<!doctype html><script>${script}</script><meta http-equiv="refresh" content="0;url=${query}"><title>…</title>`

  return new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy,
    },
  })
}
