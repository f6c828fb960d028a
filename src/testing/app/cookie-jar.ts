/**
 * Stores cookies as a browser does: RFC 6265bis sections 5.6 to 5.8, without a list of public
 * suffixes. The test browser stores its cookies in it. It throws nothing: a Set-Cookie line that a
 * browser would ignore goes to the list of rejected ones, with the problem. Cookies expire by the
 * clock that it was created with.
 */
import { parseCookieDate } from '../../cookie/date.ts'
import {
  cookieNamePrefix,
  maxCookieAge,
  type ParsedSetCookie,
  parseSetCookie,
} from '../../cookie/index.ts'
import { isLoopbackHost } from '../../request/index.ts'
import type { Clock } from '../../types.ts'

/** A cookie in the form that `context.addCookies()` of Playwright accepts. */
export interface BrowserCookie {
  /** The name. */
  readonly name: string
  /** The value as it was sent. */
  readonly value: string
  /** The host that set it, or `.example.com` for a cookie with a Domain. */
  readonly domain: string
  /** The path under which it is sent. */
  readonly path: string
  /** When it expires, in seconds since the epoch; -1 for a cookie that ends with the browser. */
  readonly expires: number
  /** Whether scripts cannot read it. */
  readonly httpOnly: boolean
  /** Whether it is only sent over https or to this machine. */
  readonly secure: boolean
  /** Which requests from other sites have it. A cookie without the attribute is `Lax`. */
  readonly sameSite: 'Strict' | 'Lax' | 'None'
}

/** A Set-Cookie that a browser ignores. */
export interface RejectedCookie {
  /** The whole line. */
  readonly line: string
  /** The reason why a browser ignores it. */
  readonly problem: string
}

/** The parts of a request on which its cookies depend. */
export interface CookieTarget {
  readonly url: URL
  /**
   * Set where a page of another site causes the request: `navigation` for a navigation with a safe
   * method, `other` for any other request.
   */
  readonly crossSite?: 'navigation' | 'other' | undefined
}

/** The cookies of one browser. */
export interface BrowserJar {
  /** Stores the cookie of a Set-Cookie line. */
  keep(line: string, url: URL): void
  /** Returns the value of the `Cookie` header; empty where no cookie matches. */
  read(target: CookieTarget): string
  /** Lists every cookie that has not expired. */
  list(): BrowserCookie[]
  /** Lists the lines that were ignored. */
  readonly rejected: readonly RejectedCookie[]
  /** Removes every cookie. */
  clear(): void
  /** Copies the cookies into another jar. */
  copy(): BrowserJar
}

/** Creates a jar. Cookies expire by its clock. */
export function createBrowserJar(
  clock: Clock = Date.now,
  initial: ReadonlyMap<string, BrowserCookie> = new Map(),
): BrowserJar {
  const cookies = new Map(initial)
  const rejected: RejectedCookie[] = []

  function listLive(): BrowserCookie[] {
    const now = clock() / 1000
    for (const [key, { expires }] of cookies)
      if (expires !== -1 && expires <= now) cookies.delete(key)

    return [...cookies.values()]
  }

  return {
    rejected,
    list: listLive,
    clear: () => cookies.clear(),
    copy: () => createBrowserJar(clock, cookies),

    keep(line, url): void {
      const parsed = parseSetCookie(line)
      const cookie = parsed && readCookie(parsed, url, clock())
      const problem = cookie ? findProblem(cookie, url, parsed) : 'it is too long or malformed'
      if (cookie === undefined || problem !== undefined) {
        rejected.push({ line, problem: problem ?? '' })
        return
      }
      // A Map keeps the position of a cookie that is set again.
      cookies.set(`${cookie.domain} ${cookie.path} ${cookie.name}`, cookie)
    },

    read(target): string {
      return (
        listLive()
          .filter((cookie) => matches(cookie, target))
          // Section 5.8.3 puts longer paths first. The sort is stable, so older cookies come first
          // among equals.
          .sort((one, other) => other.path.length - one.path.length)
          .map(({ name, value }) => (name === '' ? value : `${name}=${value}`))
          .join('; ')
      )
    },
  }
}

function readCookie(
  { name, value, attributes }: ParsedSetCookie,
  url: URL,
  nowMs: number,
): BrowserCookie {
  const find = (attribute: string): string | undefined =>
    attributes.findLast(([attributeName]) => attributeName === attribute)?.[1]
  const domain = (find('domain') ?? '').replace(/^\./, '').toLowerCase()
  const path = find('path') ?? ''
  const sameSite = (find('samesite') ?? '').toLowerCase()

  return {
    name,
    value,
    domain: domain === '' || isSingleHost(domain, url) ? url.hostname : `.${domain}`,
    path: path.startsWith('/') ? path : findDefaultPath(url.pathname),
    expires: readExpiry(find('max-age'), find('expires'), nowMs),
    httpOnly: find('httponly') !== undefined,
    secure: find('secure') !== undefined,
    sameSite: sameSite === 'strict' ? 'Strict' : sameSite === 'none' ? 'None' : 'Lax',
  }
}

/**
 * Reports whether a Domain is an address or a name of one label, which means the host itself
 * (section 5.7.3, step 9).
 */
function isSingleHost(domain: string, url: URL): boolean {
  return domain === url.hostname && (!domain.includes('.') || /^[\d.]+$/.test(domain))
}

/** Returns the default path of a cookie (section 5.1.4). */
function findDefaultPath(pathname: string): string {
  const end = pathname.lastIndexOf('/')
  return end <= 0 ? '/' : pathname.slice(0, end)
}

/**
 * Returns when a cookie expires, in seconds. Max-Age takes precedence over Expires. A browser
 * stores no cookie for longer than 400 days.
 */
function readExpiry(
  maxAge: string | undefined,
  expires: string | undefined,
  nowMs: number,
): number {
  const latest = nowMs / 1000 + maxCookieAge
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) {
    return Number(maxAge) <= 0 ? 0 : Math.min(nowMs / 1000 + Number(maxAge), latest)
  }
  const date = expires === undefined ? undefined : parseCookieDate(expires)
  return date === undefined ? -1 : Math.min(date / 1000, latest)
}

/**
 * Returns the reason why a browser ignores a cookie (section 5.7.3, and 5.7.4 for prefixes), or
 * undefined.
 */
function findProblem(
  cookie: BrowserCookie,
  url: URL,
  parsed: ParsedSetCookie | undefined,
): string | undefined {
  const { domain, path, secure, httpOnly, sameSite } = cookie
  const isDomainCookie = domain.startsWith('.')
  if (isDomainCookie && !`.${url.hostname}`.endsWith(domain))
    return `its Domain does not include ${url.hostname}`
  if (isDomainCookie && !domain.slice(1).includes('.')) return 'its Domain is a top-level domain'
  if (secure && !isTrustworthy(url)) return `${url.origin} cannot set a Secure cookie`
  if (sameSite === 'None' && !secure) return 'SameSite=None needs Secure'

  const hasDomain = (parsed?.attributes ?? []).some(
    ([name, value]) => name === 'domain' && value !== '',
  )
  const prefix = cookieNamePrefix(cookie.name === '' ? cookie.value : cookie.name)
  if (prefix === undefined) return undefined
  if (cookie.name === '') return `a cookie without a name must not begin with ${prefix}`
  if (!secure) return `${prefix} needs Secure`
  if (prefix.includes('http-') && !httpOnly) return `${prefix} needs HttpOnly`
  if (!prefix.startsWith('__host-')) return undefined
  if (hasDomain) return `${prefix} must not have a Domain`

  const hasPath = (parsed?.attributes ?? []).some(([name]) => name === 'path')
  return path === '/' && hasPath ? undefined : `${prefix} needs Path=/`
}

function matches(cookie: BrowserCookie, { url, crossSite }: CookieTarget): boolean {
  const { domain, path, secure, sameSite } = cookie
  const isHost = domain.startsWith('.')
    ? `.${url.hostname}`.endsWith(domain)
    : domain === url.hostname
  if (!isHost || (secure && !isTrustworthy(url)) || !isUnder(url.pathname, path)) return false
  if (crossSite === undefined || sameSite === 'None') return true
  return sameSite === 'Lax' && crossSite === 'navigation'
}

/**
 * Reports whether a path is under a cookie's path (section 5.1.4): `/a` contains `/a` and `/a/b`,
 * but not `/ab`.
 */
function isUnder(pathname: string, path: string): boolean {
  if (!pathname.startsWith(path)) return false
  return pathname.length === path.length || path.endsWith('/') || pathname[path.length] === '/'
}

/**
 * Reports whether a URL may set Secure cookies: over https, or on this machine, where Chrome and
 * Firefox accept them over plain http and Safari does not.
 */
function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || isLoopbackHost(url.host)
}
