/** What caches are told about an answer that a session had a part in. */

/** Headers that override Cache-Control for one kind of cache (RFC 9213), and their proprietary kin. */
const TARGETED = [
  'cdn-cache-control',
  'cloudflare-cdn-cache-control',
  'vercel-cdn-cache-control',
  'surrogate-control',
] as const

/**
 * An answer that sets our cookie is stored by nobody: RFC 9111 lets caches store Set-Cookie.
 *
 * @see RFC 6265bis section 7.1, RFC 9111 section 5.2.2.5
 */
export function neverStore(headers: Headers): void {
  headers.set('cache-control', 'no-store')
  for (const name of TARGETED) headers.delete(name)
}

/**
 * An answer made for one person is private: where the app said nothing, `private, no-store`; where it said `public` or
 * `s-maxage`, those words go.
 *
 * @returns whether the app had asked shared caches to keep it.
 */
export function keepPrivate(headers: Headers): boolean {
  let shared = false
  for (const name of TARGETED) {
    if (!headers.has(name)) continue
    headers.delete(name)
    shared = true
  }
  const said = headers.get('cache-control')
  if (said === null) {
    headers.set('cache-control', 'private, no-store')
    return shared
  }
  const words = said.split(',').map((word) => word.trim())
  const kept = words.filter(
    (word) => !/^(?:public$|s-maxage\s*=|s-maxage$)/i.test(word) && word !== '',
  )
  if (kept.length < words.length) shared = true
  if (!kept.some((word) => /^(?:private|no-store)$/i.test(word))) {
    headers.set('cache-control', ['private', ...kept].join(', '))
  } else if (shared) {
    headers.set('cache-control', kept.join(', '))
  }
  return shared
}

/** An answer that depends on the session's cookie says so. Not a protection: several caches ignore it. */
export function varyByCookie(headers: Headers): void {
  const vary = headers.get('vary')
  if (vary === null) headers.set('vary', 'Cookie')
  else if (!vary.split(',').some((name) => /^(?:cookie|\*)$/i.test(name.trim())))
    headers.append('vary', 'Cookie')
}
