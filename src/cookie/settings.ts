/**
 * Compiles the options of a cookie into its name with prefix and the text of its attributes. Sessions, device
 * cookies, the login, the login throttle and applications call it while building. An invalid option is reported
 * as an issue and replaced by its default, so the caller must throw the issues before it uses the settings.
 */
import { booleanOption, type Issues, parseChoice } from '../options/index.ts'
import type { CookieAttributes } from '../types.ts'
import { cookieNamePrefix, parseDomain, parseName, parsePath } from './attributes.ts'

/** Options of a cookie. */
export interface CookieOptions {
  /**
   * Name without its prefix; `__Host-` or `__Secure-` is added.
   *
   * @default 'session'
   */
  readonly name?: string
  /**
   * Path attribute. With a path other than `/` the prefix is `__Secure-`, since `__Host-` requires `/`.
   *
   * @default '/'
   */
  readonly path?: string
  /**
   * Domain attribute. With a domain the prefix is `__Secure-`, and hosts under that domain can set cookies of the same
   * name.
   *
   * @default undefined (this host only)
   */
  readonly domain?: string
  /**
   * Secure attribute. `false` is an error unless `insecurePlainHttp` is true.
   *
   * @default true
   */
  readonly secure?: boolean
  /**
   * HttpOnly attribute: scripts cannot read the cookie.
   *
   * @default true
   */
  readonly httpOnly?: boolean
  /**
   * SameSite attribute. Browsers do not send a `'lax'` cookie with cross-site POSTs. `true` means `'strict'`; `false` leaves the
   * attribute out.
   *
   * @default 'lax'
   */
  readonly sameSite?: boolean | 'strict' | 'lax' | 'none'
  /**
   * Partitioned attribute (CHIPS): browsers keep the cookie apart for each top-level site.
   *
   * @default false
   */
  readonly partitioned?: boolean
  /**
   * Omits Secure and the prefix, for development over plain http on names other than localhost. Anyone on the network
   * can then read and replace the cookie.
   *
   * @default false
   */
  readonly insecurePlainHttp?: boolean
}

/** Keys of {@link CookieOptions}, for modules whose options contain them. */
export const cookieOptionKeys: readonly (keyof CookieOptions)[] = [
  'name',
  'path',
  'domain',
  'secure',
  'httpOnly',
  'sameSite',
  'partitioned',
  'insecurePlainHttp',
]

/** The validated options of a cookie. */
export interface CookieSettings {
  /** Name as it is sent, with its prefix. */
  readonly name: string
  /** Name without its prefix. */
  readonly bare: string
  /** Attributes that never change. */
  readonly attributes: Omit<CookieAttributes, 'maxAge'>
  /** The attributes as text that follows `name=value`. It begins with `; `. */
  readonly suffix: string
}

/** A cookie that another library has set. */
export interface ForeignCookie {
  /** Whole name, with its prefix if it has one. */
  readonly name: string
  /**
   * Path attribute with which it was set.
   *
   * @default '/'
   */
  readonly path?: string
  /**
   * Domain attribute with which it was set.
   *
   * @default undefined (no Domain)
   */
  readonly domain?: string
  /**
   * True if it was set without Secure on plain http.
   *
   * @default false
   */
  readonly insecurePlainHttp?: boolean
}

/**
 * Validates and compiles cookie options. Without options the cookie is
 * `__Host-session; Path=/; Secure; HttpOnly; SameSite=Lax`. The caller checks for unknown keys, since its options may contain
 * more than these: see {@link cookieOptionKeys}.
 *
 * @example
 * ```ts
 * const issues = createIssues('cookie')
 * const settings = cookieSettings({ name: 'theme', sameSite: 'strict' }, issues)
 * issues.throwIfAny()
 * ```
 * @see RFC 6265bis section 4.1
 */
export function cookieSettings(options: CookieOptions, issues: Issues): CookieSettings {
  const baseName = parseBaseName(options.name, issues)
  const isPlain = parsePlainHttp(options, issues)
  const cookiePath = parsePath(issues, options.path)
  const domain = parseDomain(issues, options.domain)
  const httpOnly = booleanOption(issues, 'httpOnly', options.httpOnly, true)
  const sameSite = parseSameSite(issues, options.sameSite)
  const isPartitioned = booleanOption(issues, 'partitioned', options.partitioned, false)

  // Browsers silently drop such cookies (RFC 6265bis section 5.7, step 19, and CHIPS).
  if (isPlain && sameSite === 'none') issues.add('sameSite', "must not be 'none' without Secure")
  if (isPlain && isPartitioned) issues.add('partitioned', 'must not be true without Secure')

  const prefix = isPlain ? '' : cookiePath === '/' && domain === undefined ? '__Host-' : '__Secure-'
  return createSettings(prefix + baseName, baseName, {
    path: cookiePath,
    ...(domain !== undefined && { domain }),
    secure: !isPlain,
    httpOnly,
    ...(sameSite && { sameSite }),
    ...(isPartitioned && { partitioned: isPartitioned }),
  })
}

/**
 * Compiles the settings of a cookie that another library has set, so that `expireCookie` can remove it. Do not set a
 * cookie with these settings: only the attributes that identify the cookie are those of the other library.
 *
 * @example
 * ```ts
 * const settings = foreignCookieSettings({ name: 'connect.sid' }, issues)
 * headers.append('set-cookie', expireCookie(settings).header)
 * ```
 */
export function foreignCookieSettings(cookie: ForeignCookie, issues: Issues): CookieSettings {
  const cookieName = parseName(issues, cookie.name, 'unknown')
  const isPlain = booleanOption(issues, 'insecurePlainHttp', cookie.insecurePlainHttp, false)
  const cookiePath = parsePath(issues, cookie.path)
  const domain = parseDomain(issues, cookie.domain)
  const prefix = cookieNamePrefix(cookieName)
  if (prefix?.startsWith('__host-') && (cookiePath !== '/' || domain !== undefined)) {
    issues.add('name', 'begins with __Host-, so it has Path=/ and no Domain')
  }
  if (prefix && isPlain) issues.add('name', 'has a prefix, so it was set with Secure')

  return createSettings(cookieName, cookieName.slice(prefix?.length ?? 0), {
    path: cookiePath,
    ...(domain !== undefined && { domain }),
    secure: !isPlain,
    httpOnly: true,
    sameSite: 'lax',
  })
}

function parseBaseName(optionValue: unknown, issues: Issues): string {
  const cookieName = parseName(
    issues,
    optionValue === undefined ? 'session' : optionValue,
    'session',
  )
  if (cookieNamePrefix(cookieName)) {
    issues.add('name', 'must be given without its prefix: __Host- or __Secure- is added')
  } else if (/^http-/i.test(cookieName)) {
    // With the added `__Host-` the name would begin with `__Host-Http-`, a prefix with other requirements.
    issues.add('name', 'must not begin with Http-')
  }
  return cookieName
}

/** Returns true if the cookie has no Secure attribute. */
function parsePlainHttp({ secure, insecurePlainHttp }: CookieOptions, issues: Issues): boolean {
  const isPlain = booleanOption(issues, 'insecurePlainHttp', insecurePlainHttp, false)
  const isSecure = booleanOption(issues, 'secure', secure, !isPlain)
  if (!isSecure && !isPlain) {
    issues.add(
      'secure',
      'must not be false: anyone on the network could read the cookie. http://localhost needs no weaker mode; ' +
        'for plain http on another name, in development, set insecurePlainHttp: true',
    )
  }
  if (isSecure && isPlain) issues.add('secure', 'must not be true together with insecurePlainHttp')
  return isPlain
}

function parseSameSite(
  issues: Issues,
  optionValue: unknown,
): 'strict' | 'lax' | 'none' | undefined {
  const choice =
    parseChoice(issues, 'sameSite', optionValue, [true, false, 'strict', 'lax', 'none'] as const) ??
    'lax'
  return choice === true ? 'strict' : choice === false ? undefined : choice
}

function createSettings(
  cookieName: string,
  baseName: string,
  attributes: Omit<CookieAttributes, 'maxAge'>,
): CookieSettings {
  const { path, domain, secure, httpOnly, sameSite, partitioned } = attributes
  const suffix = [
    `; Path=${path}`,
    domain === undefined ? '' : `; Domain=${domain}`,
    secure ? '; Secure' : '',
    httpOnly ? '; HttpOnly' : '',
    sameSite ? `; SameSite=${{ strict: 'Strict', lax: 'Lax', none: 'None' }[sameSite]}` : '',
    partitioned ? '; Partitioned' : '',
  ].join('')

  return { name: cookieName, bare: baseName, attributes, suffix }
}
