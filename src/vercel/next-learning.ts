/** Reads base path and locales from `request.nextUrl`, where the option `next` leaves them out. */
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
  url: NextUrl,
  routes: readonly string[],
): NextConfig {
  const basePath = config.basePath === '' ? findBasePath(url) : config.basePath
  const untold = config.locales.size === 0 && !!url.defaultLocale && url.clone !== undefined
  if (basePath === config.basePath && !untold) return config
  const locales = untold ? findLocales(url, routes) : config.locales
  return { ...config, basePath, locales }
}

/** Splits a path as Next does; undefined where its url cannot be asked. */
function splitPath(url: NextUrl, path: string): NextUrl | undefined {
  const copy = url.clone?.()
  if (copy === undefined) return undefined
  copy.href = `http://localhost${path}`
  return copy
}

function findBasePath(url: NextUrl): string {
  const { basePath, pathname, buildId, defaultLocale } = url
  if (basePath !== '' && url.clone !== undefined) return basePath
  // Next calls the guard with a locale or a data prefix before the base path, and finds none in it.
  const page = readData(pathname)
  const hidden = !!defaultLocale || buildId !== undefined || page !== pathname
  return hidden && page !== '/' ? (splitPath(url, page)?.basePath ?? '') : ''
}

function findLocales(url: NextUrl, routes: readonly string[]): Map<string, string> {
  const names = [url.defaultLocale ?? '']
  for (const route of routes) {
    const found = splitPath(url, route)
    // One that Next takes for a locale is gone from the path.
    if (found?.locale && found.pathname !== route) names.push(found.locale)
  }
  return new Map(names.map((name) => [name.toLowerCase(), name]))
}
