/**
 * Sets the cache headers of a response that a session had a part in. `flush.ts`, the gateway's
 * throttle and forwarding call it. It changes the headers in place; a response that sets a cookie
 * is never stored.
 */
import type { ChangeableHeaders } from '../../request/tracked-headers.ts'

/** Headers that override Cache-Control for one kind of cache (RFC 9213), and proprietary ones that do the same. */
const TARGETED_HEADERS = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
] as const

/**
 * Forbids every cache to store a response that sets our cookie: RFC 9111 lets caches store Set-Cookie.
 *
 * @see RFC 6265bis section 7.1, RFC 9111 section 5.2.2.5
 */
export function neverStore(headers: ChangeableHeaders): void {
  headers.set('cache-control', 'no-store')
  for (const name of TARGETED_HEADERS) headers.delete(name)
}

/**
 * Makes a response for one user private. Without a Cache-Control of the app the response becomes `private, no-store`; from
 * one with `public` or `s-maxage` those directives are removed.
 *
 * @returns true if the app had allowed shared caches to store it.
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

/** Adds `Vary: Cookie`. This is not a protection: several caches ignore it. */
export function varyByCookie(headers: ChangeableHeaders): void {
  const varies = /(?:^|,)\s*(?:cookie|\*)\s*(?:,|$)/i.test(headers.get('vary') ?? '')
  if (!varies) headers.append('vary', 'Cookie')
}
