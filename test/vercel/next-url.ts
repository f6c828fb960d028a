/**
 * `request.nextUrl` as Next 16.4.5 makes it: getNextPathnameInfo, normalizeLocalePath and NextURL of its
 * shared/lib/router/utils/get-next-pathname-info.js, shared/lib/i18n/normalize-locale-path.js and server/web/next-url.js.
 */

/** As much of next.config as NextURL reads. */
export interface Configured {
  readonly basePath?: string
  readonly i18n?: {
    readonly locales: readonly string[]
    readonly defaultLocale: string
    readonly domains?: ReadonlyArray<{ readonly domain: string; readonly defaultLocale: string }>
  }
  /** `skipProxyUrlNormalize`. */
  readonly skip?: boolean
}

export class NextUrlDouble {
  pathname = ''
  basePath = ''
  locale = ''
  buildId: string | undefined
  defaultLocale: string | undefined
  domainLocale: { domain: string; defaultLocale: string } | undefined
  readonly #config: Configured
  readonly #host: string
  #origin = ''

  constructor(url: string, config: Configured, host: string) {
    this.#config = config
    this.#host = host
    this.href = url
  }

  get href(): string {
    const { defaultLocale } = this
    const named = this.locale !== '' && this.locale !== defaultLocale ? `/${this.locale}` : ''
    const path = this.pathname === '/' && this.basePath + named !== '' ? '' : this.pathname
    return this.#origin + this.basePath + named + path
  }

  set href(url: string) {
    const { pathname, origin } = new URL(url)
    const { basePath = '', i18n, skip } = this.#config
    this.#origin = origin
    this.basePath = ''
    this.buildId = undefined
    let path = pathname
    if (basePath !== '' && (path === basePath || path.startsWith(`${basePath}/`))) {
      path = path.slice(basePath.length) || '/'
      this.basePath = basePath
    }
    let bare = path
    if (path.startsWith('/_next/data/') && path.endsWith('.json')) {
      const [id, ...page] = path.slice('/_next/data/'.length, -'.json'.length).split('/')
      this.buildId = id
      bare = page[0] === 'index' ? '/' : `/${page.join('/')}`
      if (skip !== true) path = bare
    }
    const host = this.#host.replace(/:\d+$/, '')
    this.domainLocale = i18n?.domains?.find(({ domain }) => domain.replace(/:\d+$/, '') === host)
    this.defaultLocale = this.domainLocale?.defaultLocale ?? i18n?.defaultLocale
    const found = normalizeLocalePath(path, i18n?.locales ?? [])
    const late =
      found.locale === undefined && this.buildId
        ? normalizeLocalePath(bare, i18n?.locales ?? [])
        : found
    this.pathname = found.pathname
    this.locale = late.locale ?? this.defaultLocale ?? ''
  }

  clone(): NextUrlDouble {
    return new NextUrlDouble(this.href, this.#config, this.#host)
  }
}

function normalizeLocalePath(
  path: string,
  locales: readonly string[],
): { pathname: string; locale?: string } {
  const segment = path.split('/', 2)[1] ?? ''
  const locale = locales.find((name) => name.toLowerCase() === segment.toLowerCase())
  return locale === undefined || segment === ''
    ? { pathname: path }
    : { pathname: path.slice(locale.length + 1) || '/', locale }
}

/** A request as Next hands it to a proxy: its own url, and `nextUrl` beside it. */
export function nextRequest(
  url: string,
  config: Configured,
  headers: Record<string, string> = {},
): Request {
  const host = headers.host ?? new URL(url).host
  const nextUrl = new NextUrlDouble(url, config, host)
  const request = new Request(url, { headers: { host, ...headers } })
  return Object.defineProperty(request, 'nextUrl', { value: nextUrl })
}
