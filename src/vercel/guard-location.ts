/**
 * Completes where a guard sends a client to addresses that the project's visitors know, with base
 * path and locale. `guard-address.ts` calls it for redirects. A location of another host stays as
 * it is.
 */
import type { NextAddress } from './next-address.ts'

/** The options that decide where the sign-in page is. */
export interface LocationOptions {
  readonly signIn?: string | undefined
  readonly trailingSlash: boolean
}

/**
 * Puts base path and locale before the path of a redirect. `return_to` gets the locale alone: Next's `redirect`, `Link` and
 * router add the base path themselves.
 */
export function completeLocation(
  response: Response,
  address: NextAddress,
  options: LocationOptions,
): void {
  const location = response.headers.get('location')
  const { base: basePath, locale } = address
  if (location === null || response.headers.has('x-middleware-next')) return
  if (basePath === '' && locale === '' && !options.trailingSlash) return
  const start = location.startsWith('/') ? 0 : location.indexOf('/', location.indexOf('://') + 3)
  if (start === -1) return

  const question = location.indexOf('?', start)
  const end = question === -1 ? location.length : question
  const path = location.slice(start, end)
  const signsIn = path === options.signIn
  const search = signsIn ? withLocale(location.slice(end), locale) : location.slice(end)
  const trailingSlash = signsIn && options.trailingSlash && !path.endsWith('/') ? '/' : ''
  const pagePath = path === '/' && basePath + locale !== '' ? '' : path
  response.headers.set(
    'location',
    location.slice(0, start) + basePath + locale + pagePath + trailingSlash + search,
  )
}

const returnTo = '?return_to='

function withLocale(search: string, locale: string): string {
  if (!search.startsWith(returnTo)) return search
  return returnTo + encodeURIComponent(locale) + search.slice(returnTo.length)
}
