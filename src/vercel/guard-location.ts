/**
 * Completes the Location of a guard's redirect with base path and locale, so that the client can request it.
 * `guard-address.ts` calls it for each response and passes it the address of the request. Responses that pass the
 * request to the project are unchanged, and so is a Location at another host, such as an identity provider's. It
 * changes the headers of the response, which must be mutable, and throws nothing else.
 */
import { readUrlHost } from '../request/index.ts'
import type { NextAddress } from './next-address.ts'

/** The options of a guard about its sign-in page and Next's `trailingSlash`, and the hosts of the project. */
export interface LocationOptions {
  /** The host that the client requested, and that of the public origin. */
  readonly hosts: readonly string[]
  readonly signIn?: string | undefined
  readonly trailingSlash: boolean
}

/**
 * Adds base path and locale to the path of a redirect. The path in `return_to` gets only the locale, since `redirect`,
 * `Link` and the router of Next add the base path themselves.
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
  const isPath = location.startsWith('/')
  if (!isPath && !options.hosts.includes(readUrlHost(location))) return
  const pathStart = isPath ? 0 : location.indexOf('/', location.indexOf('://') + 3)
  if (pathStart === -1) return

  const question = location.indexOf('?', pathStart)
  const pathEnd = question === -1 ? location.length : question
  const path = location.slice(pathStart, pathEnd)
  const isSignIn = path === options.signIn
  const search = isSignIn ? withLocale(location.slice(pathEnd), locale) : location.slice(pathEnd)
  const trailingSlash = isSignIn && options.trailingSlash && !path.endsWith('/') ? '/' : ''
  const pagePath = path === '/' && basePath + locale !== '' ? '' : path
  response.headers.set(
    'location',
    location.slice(0, pathStart) + basePath + locale + pagePath + trailingSlash + search,
  )
}

const returnTo = '?return_to='

function withLocale(search: string, locale: string): string {
  if (!search.startsWith(returnTo)) return search
  return returnTo + encodeURIComponent(locale) + search.slice(returnTo.length)
}
