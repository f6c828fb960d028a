/**
 * Calls the runtime's own `fetch`, if the configuration names no other one. The gateway and `proxy()` use it as their
 * default, and the clients of bindings use `avoidNoCache`. It rejects as the runtime's `fetch` does. It adds
 * `Cache-Control: max-age=31536000` to the given headers of most requests, so that `fetch` adds no `no-cache`.
 */

/**
 * A value of Cache-Control that does not restrict caches. With `cache: 'no-store'`, `fetch` adds `Cache-Control:
 * no-cache` and `Pragma: no-cache` to a request without Cache-Control (Fetch section 4.5, HTTP-network-or-cache fetch,
 * step 8.18). Express and others that use the package `fresh` would then never respond with 304, and caches before the
 * upstream would revalidate each time. An empty value would be closer to none, but workerd treats it as absent.
 */
const neutralCacheControl = 'max-age=31536000'

/** Runtimes whose `fetch` adds no headers for `cache: 'no-store'`. */
const addsNothing = /^(?:Deno|Bun)\//

/** Calls the global `fetch` as a plain function, since that of workerd rejects any other `this`. */
export const platformFetch: typeof fetch = (input, init) => {
  avoidNoCache(init)
  return fetch(input, init)
}

/** Adds a Cache-Control to a request, so that `fetch`, also that of a binding, does not add `no-cache`. */
export function avoidNoCache({ headers, cache }: RequestInit = {}): void {
  if (cache === 'no-store' && headers instanceof Headers && !headers.has('cache-control')) {
    if (!addsNothing.test(globalThis.navigator?.userAgent ?? ''))
      headers.set('cache-control', neutralCacheControl)
  }
}
