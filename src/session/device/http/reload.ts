/**
 * Creates a page that reloads itself, for navigations that another origin began. Browsers do not hold such a
 * navigation back for a refresh, so a link from a mail arrives without the bound cookie after it has
 * expired; the reload comes from our own origin, and is held back and refreshed. `enforce.ts` creates the
 * page, and `endpoints.ts` serves it.
 *
 * A reload is `same-origin`, so there is no loop. The query is escaped for HTML; nothing throws, and a URL
 * that cannot be parsed has no query.
 */

/**
 * Reloads the page with its fragment, which no server sees and in which many applications have their
 * routes. The opened `<template>` makes the rest of the page inert.
 */
const script = 'document.write("<template>");location.reload()'

const policy =
  "default-src 'none'; script-src 'sha256-XN94+9K1rmhisX4EYYA+tzJvYHKqGoP8Zk3Xc38n6bY='"

/**
 * Whether another origin began this navigation. The reload itself is `same-origin`, so there is no
 * loop. A frame counts only in a page of the same site, because a navigation by a sandboxed frame
 * would be `cross-site` again.
 *
 * @see Fetch Metadata section 2
 */
export function isForeignNavigation(headers: Pick<Headers, 'get'>): boolean {
  // This header is read first, because it has another value in most requests, and reading headers costs time.
  const site = headers.get('sec-fetch-site')
  if (site !== 'cross-site' && site !== 'same-site') return false
  if (headers.get('sec-fetch-mode') !== 'navigate') return false

  const target = headers.get('sec-fetch-dest')
  return target === 'document' || (target === 'iframe' && site === 'same-site')
}

/**
 * Creates the page, which no cache may store. Without scripts it refreshes to the URL's query.
 *
 * @param url - of the request. Its path is not used, since a proxy may have changed it
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
