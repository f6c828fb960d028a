/**
 * Learns base path and locales of a project from Next's `request.nextUrl`, if the option `next` of a guard leaves them
 * out. `guard-address.ts` calls it for each request from Next. It returns the same configuration if there is nothing to
 * learn. Locales are found only if a route is written with them, or if they are the default. It throws only if Next's
 * `clone` does.
 */
import { type NextUrl, readData } from './next-address.ts'
import type { NextConfig } from './next-options.ts'

/**
 * Completes a configuration with base path and locales that the URL of a request shows. It looks only
 * for locales with which some route is written, since Next names the locale of each request itself.
 *
 * @param routes - paths of the routes, without `/*` at their ends
 * @returns the same object if there is nothing to learn.
 */
export function learnConfig(
  config: NextConfig,
  nextUrl: NextUrl,
  routes: readonly string[],
): NextConfig {
  const basePath = config.basePath === '' ? findBasePath(nextUrl) : config.basePath
  const learnsLocales =
    config.locales.size === 0 && !!nextUrl.defaultLocale && nextUrl.clone !== undefined
  if (basePath === config.basePath && !learnsLocales) return config
  const locales = learnsLocales ? findLocales(nextUrl, routes) : config.locales

  return { ...config, basePath, locales }
}

/** Splits a path into base path, locale and page by a copy of Next's URL; undefined if that cannot be copied. */
function splitPath(nextUrl: NextUrl, path: string): NextUrl | undefined {
  const copiedUrl = nextUrl.clone?.()
  if (copiedUrl === undefined) return undefined
  copiedUrl.href = `http://localhost${path}`

  return copiedUrl
}

function findBasePath(nextUrl: NextUrl): string {
  const { basePath, pathname, buildId, defaultLocale } = nextUrl
  if (basePath !== '' && nextUrl.clone !== undefined) return basePath
  // If a locale or a data prefix is before the base path, Next does not find the base path itself.
  const page = readData(pathname)
  const mayHideBasePath = !!defaultLocale || buildId !== undefined || page !== pathname

  return mayHideBasePath && page !== '/' ? (splitPath(nextUrl, page)?.basePath ?? '') : ''
}

function findLocales(nextUrl: NextUrl, routes: readonly string[]): Map<string, string> {
  const names = [nextUrl.defaultLocale ?? '']
  for (const route of routes) {
    const splitUrl = splitPath(nextUrl, route)
    // Next removes a segment that it reads as a locale from the path.
    if (splitUrl?.locale && splitUrl.pathname !== route) names.push(splitUrl.locale)
  }

  return new Map(names.map((localeName) => [localeName.toLowerCase(), localeName]))
}
