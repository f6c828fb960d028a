/**
 * The page that begins a navigation again. Browsers do not hold back a navigation that another
 * origin began, so a link from a mail arrives without the bound cookie when that has expired. Begun
 * again by a page of this origin, it is held back and refreshed.
 */

const page = '<!doctype html><meta http-equiv="refresh" content="0"><title>…</title>'

/**
 * Whether another origin began this navigation. What the page begins is `same-origin`, so it cannot
 * go in a circle.
 *
 * @see Fetch Metadata section 2
 */
export function isForeignNavigation(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  return (
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    (site === 'cross-site' || site === 'same-site')
  )
}

/** The page. It needs no script, and nothing may store it. */
export function createReloadPage(): Response {
  return new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'",
    },
  })
}
