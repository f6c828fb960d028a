/**
 * Sets the cache headers of a response to a request that used a session. `flush.ts` calls it for sessions,
 * and the gateway for responses with its own cookies or for one user (`gateway/throttle/hooks.ts`,
 * `proxy/forward/session-header.ts`).
 *
 * It changes the headers in place, and overwrites the app's Cache-Control where it would let a shared cache
 * store the response. Headers that cannot be changed throw a `TypeError` at the first change.
 */
import type { ChangeableHeaders } from '../../request/tracked-headers.ts'

/** Headers that override Cache-Control for some caches: those of RFC 9213, and proprietary ones. */
const TARGETED_HEADERS = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
] as const

/**
 * Forbids every cache to store a response that sets our cookie, since RFC 9111 lets caches store Set-Cookie.
 *
 * @see RFC 6265bis section 7.1, RFC 9111 section 5.2.2.5
 */
export function neverStore(headers: ChangeableHeaders): void {
  headers.set('cache-control', 'no-store')
  for (const name of TARGETED_HEADERS) headers.delete(name)
}

/**
 * Makes a response for one user private. Without a Cache-Control of the app it becomes `private, no-store`; otherwise
 * `public` and `s-maxage` are removed, and `private` is added.
 *
 * @returns true if the app had allowed shared caches to store the response.
 */
export function keepPrivate(headers: ChangeableHeaders): boolean {
  let isShared = false
  for (const name of TARGETED_HEADERS) {
    if (!headers.has(name)) continue
    headers.delete(name)
    isShared = true
  }

  const cacheControl = headers.get('cache-control')
  if (cacheControl === null) {
    headers.set('cache-control', 'private, no-store')
    return isShared
  }

  const directives = cacheControl.split(',').map((directive) => directive.trim())
  const remaining = directives.filter(
    (directive) => !/^(?:public$|s-maxage\s*=|s-maxage$)/i.test(directive) && directive !== '',
  )
  if (remaining.length < directives.length) isShared = true

  const isPrivate = remaining.some((directive) => /^(?:private|no-store)$/i.test(directive))
  if (!isPrivate) remaining.unshift('private')
  if (isShared || !isPrivate) headers.set('cache-control', remaining.join(', '))
  return isShared
}

/** Adds `Vary: Cookie`. It does not protect a response, because several caches ignore it. */
export function varyByCookie(headers: ChangeableHeaders): void {
  const varies = /(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(headers.get('vary') ?? '')
  if (!varies) headers.append('vary', 'Cookie')
}
