/**
 * Reads base path and locales from `request.nextUrl`, where the option `next` leaves them out.
 * `guard-address.ts` calls it for each request. Without Next nothing is learned.
 */
import { type NextUrl, readData } from './next-address.ts'
import type { NextConfig } from './next-options.ts'

/**
 * Completes a configuration by what a request shows of next.config. It looks only for locales that
 * some route is written with: Next names the locale of every request itself.
 *
 * @param routes - paths of the routes, without `/*` at their ends
 * @returns the same object where there is nothing to learn.
 */
export function learnConfig(
  config: NextConfig,
  nextUrl: NextUrl,
  routes: readonly string[],
): NextConfig {
  const basePath = config.basePath === '' ? findBasePath(nextUrl) : config.basePath
  const isUntold =
    config.locales.size === 0 && !!nextUrl.defaultLocale && nextUrl.clone !== undefined
  if (basePath === config.basePath && !isUntold) return config
  const locales = isUntold ? findLocales(nextUrl, routes) : config.locales

  return { ...config, basePath, locales }
}

/** Splits a path as Next does; undefined where its url cannot be asked. */
function splitPath(nextUrl: NextUrl, path: string): NextUrl | undefined {
  const copiedUrl = nextUrl.clone?.()
  if (copiedUrl === undefined) return undefined
  copiedUrl.href = `http://localhost${path}`

  return copiedUrl
}

function findBasePath(nextUrl: NextUrl): string {
  const { basePath, pathname, buildId, defaultLocale } = nextUrl
  if (basePath !== '' && nextUrl.clone !== undefined) return basePath
  // Next calls the guard with a locale or a data prefix before the base path, and finds none in it.
  const page = readData(pathname)
  const isHidden = !!defaultLocale || buildId !== undefined || page !== pathname

  return isHidden && page !== '/' ? (splitPath(nextUrl, page)?.basePath ?? '') : ''
}

function findLocales(nextUrl: NextUrl, routes: readonly string[]): Map<string, string> {
  const names = [nextUrl.defaultLocale ?? '']
  for (const route of routes) {
    const splitUrl = splitPath(nextUrl, route)
    // One that Next takes for a locale is gone from the path.
    if (splitUrl?.locale && splitUrl.pathname !== route) names.push(splitUrl.locale)
  }

  return new Map(names.map((localeName) => [localeName.toLowerCase(), localeName]))
}
