/**
 * Reads the address of a request as Next does: which page it is, under which base path and in
 * which locale. The guard calls it for each request. An address outside the base path is reported
 * as such.
 */
import type { ConfigIssue } from '../errors.ts'
import type { NextConfig } from './next-options.ts'

/** As much of Next's `request.nextUrl` as a guard reads. */
export interface NextUrl {
  readonly pathname: string
  readonly basePath: string
  readonly locale?: string
  readonly defaultLocale?: string | undefined
  readonly domainLocale?: { readonly defaultLocale: string } | undefined
  /** Set where the address is one of the data of a page. */
  readonly buildId?: string | undefined
  clone?(): NextUrl & { href: string }
}

/** Where a request leads. */
export interface NextAddress {
  /** The page, as a link to it is written: without base path, locale, data prefix and slash at its end. */
  readonly page: string
  /** The prefix of the page, which a redirect needs too: base path and locale. */
  readonly base: string
  readonly locale: string
  /** Issues where Next differs from the guard's options; no request can be served then. */
  readonly faults: readonly ConfigIssue[]
}

/** Reads the path of a url; with Next's own reading of it, where there is one. */
export function readNextAddress(
  path: string,
  url: NextUrl | undefined,
  config: NextConfig,
): NextAddress {
  return url === undefined ? parseAddress(path, config) : readNextUrl(url, config)
}

/** Finds `request.nextUrl` of a request; undefined without Next. */
export function findNextUrl(request: Request): NextUrl | undefined {
  const { nextUrl } = request as { nextUrl?: Partial<NextUrl> }
  const hasNextUrl = typeof nextUrl?.pathname === 'string' && typeof nextUrl.basePath === 'string'
  return hasNextUrl ? (nextUrl as NextUrl) : undefined
}

/** Follows the steps of Next's router, for platforms that hand over the address as the client wrote it. */
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

/** Takes Next's word, and what `skipProxyUrlNormalize` leaves to do. */
function readNextUrl(requestUrl: NextUrl, config: NextConfig): NextAddress {
  const nextUrl = withBasePath(requestUrl)
  const { defaultLocale, locale } = nextUrl
  const configIssues = compareWithNext(nextUrl, config)
  let page = nextUrl.pathname
  const readPage = readData(page)
  if (readPage !== page) {
    // Next has found out the locale of such an address and leaves it in the path.
    const namesLocale =
      locale !== undefined && firstSegment(readPage).toLowerCase() === locale.toLowerCase()
    page = namesLocale && locale !== '' ? readPage.slice(locale.length + 1) || '/' : readPage
    // `/_next/data/<id>/shop/admin.json`, where Next looks for no base path.
    if (nextUrl.basePath === '' && config.basePath !== '' && hasPrefix(page, config.basePath))
      page = page.slice(config.basePath.length) || '/'
  }

  const prefix = locale && defaultLocale && locale !== defaultLocale ? `/${locale}` : ''

  return { page: tidyPage(page), base: config.basePath, locale: prefix, faults: configIssues }
}

/**
 * With a base path and locales Next 16.4 calls the guard for `/shop/fr/admin` with `/fr/shop/fr/admin`, and finds no base
 * path in it. Asked again without the first locale it does.
 */
function withBasePath(url: NextUrl): NextUrl {
  if (url.basePath !== '' || !url.defaultLocale || url.pathname === '/') return url
  const withOwnPath = url.clone?.()
  if (withOwnPath === undefined) return url
  withOwnPath.href = `http://localhost${url.pathname}`

  return withOwnPath.basePath === '' ? url : withDomain(withOwnPath, url)
}

/** Keeps what the host of the request decides. */
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
 * Compares the configuration that Next shows with the guard's options, and returns each difference
 * as an issue.
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
    add('basePath', 'is not what next.config says: Next knows no base path')
  }

  // Locales that were learned from Next itself agree with it.
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

/** The page of `/_next/data/<build>/admin.json`, of the pages router; any other path stays as it is. */
export function readData(path: string): string {
  const [, page] = dataPath.exec(path) ?? []
  if (page === undefined) return path
  return page === '/index' ? '/' : page.replace(/^\/index(?=\/)/, '')
}

/** The end of what the app router adds to the address of a page, where a platform shows it: `/admin.prefetch.rsc`. */
const transport = /(?:\.prefetch)?\.rsc$/

/** The page of `/admin.rsc`, and of `/admin.segments/_tree.segment.rsc`, with or without its last extension. */
function readTransport(path: string): string {
  const start = path.indexOf('.segments/')
  // A segment has a name: `.segments/.segment` is a page's own address.
  if (start !== -1 && /\.segment(?:\.rsc)?$/.test(path.slice(start + '.segments/'.length + 1))) {
    return path.slice(0, start)
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
