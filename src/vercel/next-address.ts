/**
 * Reads the address of a request as Next does: the page, the base path and the locale. `guard-address.ts` calls it for
 * each request, `next-learning.ts` reads data paths with it, and `guard-location.ts` uses the result. Where Next's
 * `request.nextUrl` differs from the guard's option `next`, the result holds issues, and the caller must not serve the
 * request. A path outside the base path is read as a page. It throws only if Next's `clone` does.
 */
import type { ConfigIssue } from '../errors.ts'
import type { NextConfig } from './next-options.ts'

/** The members of Next's `request.nextUrl` that a guard reads. */
export interface NextUrl {
  readonly pathname: string
  readonly basePath: string
  readonly locale?: string
  readonly defaultLocale?: string | undefined
  readonly domainLocale?: { readonly defaultLocale: string } | undefined
  /** Set if the address is that of a page's data. */
  readonly buildId?: string | undefined
  clone?(): NextUrl & { href: string }
}

/** The page to which the address of a request leads. */
export interface NextAddress {
  /** The path of the page as links name it: without base path, locale, data prefix and slash at its end. */
  readonly page: string
  /** The base path, which a redirect needs too; empty if there is none. */
  readonly base: string
  /** The locale as a prefix of paths, such as `/fr`; empty for the default locale and without locales. */
  readonly locale: string
  /** Issues where Next differs from the guard's options; no request can be served then. */
  readonly faults: readonly ConfigIssue[]
}

/** Reads the path of a URL, by Next's own `request.nextUrl` if there is one. */
export function readNextAddress(
  path: string,
  url: NextUrl | undefined,
  config: NextConfig,
): NextAddress {
  return url === undefined ? parseAddress(path, config) : readNextUrl(url, config)
}

/** Finds `request.nextUrl` of a request; undefined if the request does not come from Next. */
export function findNextUrl(request: Request): NextUrl | undefined {
  const { nextUrl } = request as { nextUrl?: Partial<NextUrl> }
  const hasNextUrl = typeof nextUrl?.pathname === 'string' && typeof nextUrl.basePath === 'string'
  return hasNextUrl ? (nextUrl as NextUrl) : undefined
}

/** Reads an address with the steps of Next's router, for platforms that pass the address as the client sent it. */
function parseAddress(path: string, { basePath, locales }: NextConfig): NextAddress {
  const withoutBase = hasPrefix(path, basePath) ? path.slice(basePath.length) || '/' : path
  const pagePath = readData(withoutBase)
  // Seen with Next 16.4: `/_next/data/<id>/shop/admin.json` as well as
  // `/shop/_next/data/<id>/admin.json`.
  const isBaseInside =
    pagePath !== withoutBase && withoutBase === path && hasPrefix(pagePath, basePath)
  const knownPath = isBaseInside ? pagePath.slice(basePath.length) || '/' : pagePath
  const locale = locales.get(firstSegment(knownPath).toLowerCase())
  const page = locale === undefined ? knownPath : knownPath.slice(locale.length + 1) || '/'
  const prefix = locale === undefined ? '' : `/${locale}`

  return { page: tidyPage(page), base: basePath, locale: prefix, faults: [] }
}

/**
 * Reads the address from Next's own URL. With `skipProxyUrlNormalize` that still holds data prefixes, which are removed
 * here.
 */
function readNextUrl(requestUrl: NextUrl, config: NextConfig): NextAddress {
  const nextUrl = withBasePath(requestUrl)
  const { defaultLocale, locale } = nextUrl
  const configIssues = compareWithNext(nextUrl, config)
  let page = nextUrl.pathname
  const readPage = readData(page)
  if (readPage !== page) {
    // Next has read the locale of such an address, and leaves it in the path.
    const namesLocale =
      locale !== undefined && firstSegment(readPage).toLowerCase() === locale.toLowerCase()
    page = namesLocale && locale !== '' ? readPage.slice(locale.length + 1) || '/' : readPage
    // In `/_next/data/<id>/shop/admin.json` Next does not look for a base path.
    if (nextUrl.basePath === '' && config.basePath !== '' && hasPrefix(page, config.basePath))
      page = page.slice(config.basePath.length) || '/'
  }

  const prefix = locale && defaultLocale && locale !== defaultLocale ? `/${locale}` : ''

  return { page: tidyPage(page), base: config.basePath, locale: prefix, faults: configIssues }
}

/**
 * Finds a base path that Next has missed. With a base path and locales, Next 16.4 calls the guard for `/shop/fr/admin`
 * with `/fr/shop/fr/admin`, and finds no base path there. A copy of its URL without the first locale does find it.
 */
function withBasePath(url: NextUrl): NextUrl {
  if (url.basePath !== '' || !url.defaultLocale || url.pathname === '/') return url
  const withOwnPath = url.clone?.()
  if (withOwnPath === undefined) return url
  withOwnPath.href = `http://localhost${url.pathname}`

  return withOwnPath.basePath === '' ? url : withDomain(withOwnPath, url)
}

/** Returns the parts of a URL, with the locales that the host of the request decides. */
function withDomain({ pathname, basePath, locale }: NextUrl, requestedUrl: NextUrl): NextUrl {
  const { defaultLocale, domainLocale } = requestedUrl
  const cloneUrl = requestedUrl.clone?.bind(requestedUrl)
  return {
    pathname,
    basePath,
    locale: locale ?? '',
    defaultLocale,
    domainLocale,
    ...(cloneUrl && { clone: cloneUrl }),
  }
}

/**
 * Compares the configuration that Next's URL shows with the guard's options, and returns each
 * difference as an issue.
 */
function compareWithNext(url: NextUrl, config: NextConfig): ConfigIssue[] {
  const configIssues: ConfigIssue[] = []
  const { basePath, locale, defaultLocale, domainLocale } = url
  const add = (option: string, problem: string): number =>
    configIssues.push({ option: `next.${option}`, problem })
  if (basePath !== '' && basePath !== config.basePath) {
    add('basePath', `must be ${JSON.stringify(basePath)}, as in next.config`)
  }

  if (basePath === '' && hasPrefix(url.pathname, config.basePath) && config.basePath !== '') {
    add('basePath', 'must be absent: next.config has no basePath')
  }

  // Locales that were learned from Next are not compared with it.
  if (config.defaultLocale === undefined && url.clone !== undefined) return configIssues
  if (!defaultLocale) {
    if (config.locales.size > 0) add('locales', 'must be absent: next.config has no i18n')
    return configIssues
  }

  if (config.locales.size === 0) {
    add('locales', 'and next.defaultLocale are required, as in i18n of next.config')
  } else if (locale && !config.locales.has(locale.toLowerCase())) {
    add('locales', `must list ${JSON.stringify(locale)}, as i18n of next.config does`)
  }

  const isKnownLocale =
    defaultLocale === config.defaultLocale || config.domainLocales.has(defaultLocale)
  if (config.locales.size > 0 && !isKnownLocale) {
    add(
      domainLocale ? 'domains' : 'defaultLocale',
      `must name ${JSON.stringify(defaultLocale)}, as next.config does`,
    )
  }

  return configIssues
}

const dataPath = /^\/_next\/data\/[^/]+(\/.*)\.json$/

/**
 * Returns the page of a data path: `/admin` for `/_next/data/<build>/admin.json`. Other paths are returned unchanged.
 */
export function readData(path: string): string {
  const [, page] = dataPath.exec(path) ?? []
  if (page === undefined) return path
  return page === '/index' ? '/' : page.replace(/^\/index(?=\/)/, '')
}

/** The extension that the app router adds to the path of a page on some platforms: `/admin.prefetch.rsc`. */
const transport = /(?:\.prefetch)?\.rsc$/

/** Returns the page of `/admin.rsc`, and of `/admin.segments/_tree.segment.rsc` with or without its last extension. */
function readTransport(path: string): string {
  const segmentsStart = path.indexOf('.segments/')
  // A segment must have a name: `.segments/.segment` is the path of a page.
  const segmentName = path.slice(segmentsStart + '.segments/'.length + 1)
  if (segmentsStart !== -1 && /\.segment(?:\.rsc)?$/.test(segmentName)) {
    return path.slice(0, segmentsStart)
  }

  return path.replace(transport, '')
}

function tidyPage(path: string): string {
  const barePage = readTransport(path)
  const page = barePage !== path && (barePage === '/index' || barePage === '') ? '/' : barePage
  let end = page.length
  while (end > 1 && page.charCodeAt(end - 1) === 0x2f) end--

  return page.slice(0, end)
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1)
  return path.slice(1, end === -1 ? path.length : end)
}

function hasPrefix(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}
