/**
 * Calls the runtime's own `fetch`, where the configuration names no other. The gateway, `proxy()`
 * and bindings use it. It rejects as the runtime's `fetch` does.
 */

/**
 * A request directive that asks a cache for nothing. `cache: 'no-store'` makes `fetch` add `Cache-Control: no-cache` and
 * `Pragma: no-cache` to a request that has no `Cache-Control` (Fetch section 4.5, HTTP-network-or-cache fetch, step 8.18):
 * Express, and whatever uses the package `fresh`, would then answer no conditional request with 304, and caches beside the
 * upstream would revalidate every time. An empty value would be closer to none, but workerd counts it as absent.
 */
const neutral = 'max-age=31536000'

/** Runtimes whose `fetch` adds nothing for `cache: 'no-store'`, so that there is nothing to hold off. */
const addsNothing = /^(?:Deno|Bun)\//

/** Calls the global `fetch` as a plain function, since workerd's refuses another `this`. */
export const platformFetch: typeof fetch = (input, init) => {
  avoidNoCache(init)
  return fetch(input, init)
}

/** Keeps `fetch` from adding `no-cache` to a request; the `fetch` of a binding adds it too. */
export function avoidNoCache({ headers, cache }: RequestInit = {}): void {
  if (cache === 'no-store' && headers instanceof Headers && !headers.has('cache-control')) {
    if (!addsNothing.test(globalThis.navigator?.userAgent ?? ''))
      headers.set('cache-control', neutral)
  }
}
