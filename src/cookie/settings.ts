/** Cookie options judged once: the name as it is sent, and the text of its attributes. */
import { booleanOption, choiceOption, type Issues } from '../options/index.ts'
import type { CookieAttributes } from '../types.ts'
import { cookieNamePrefix, parseDomain, parseName, parsePath } from './attributes.ts'

/** How a cookie is set. Absent = default. */
export interface CookieOptions {
  /** Name without prefix: `__Host-` or `__Secure-` is put before it. Default `session`. */
  readonly name?: string
  /** Default `/`. Another path gives up `__Host-` for `__Secure-`, since that prefix demands `/`. */
  readonly path?: string
  /** Default none: this host only. A domain gives up `__Host-` for `__Secure-`, and sibling hosts can plant cookies. */
  readonly domain?: string
  /** Default true. `false` is refused unless `insecurePlainHttp` says that it is meant. */
  readonly secure?: boolean
  /** Default true: scripts cannot read the cookie. */
  readonly httpOnly?: boolean
  /** Default `'lax'`: not sent with cross-site POSTs. `true` is `'strict'`; `false` leaves the attribute out. */
  readonly sameSite?: boolean | 'strict' | 'lax' | 'none'
  /** CHIPS: the cookie is kept apart for each top-level site. Default false. */
  readonly partitioned?: boolean
  /**
   * Drops Secure and the prefix, for development over plain http on names other than localhost. Default false. Anyone on
   * the network can then read and replace the cookie.
   */
  readonly insecurePlainHttp?: boolean
}

/** Keys of {@link CookieOptions}, for rooms whose options contain them. */
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

/** What requests need to know of a cookie. */
export interface CookieSettings {
  /** As sent, with its prefix. */
  readonly name: string
  /** Without prefix. */
  readonly bare: string
  /** Attributes that never change. */
  readonly attributes: Omit<CookieAttributes, 'maxAge'>
  /** The same as text, beginning with `; `: goes behind `name=value`. */
  readonly suffix: string
}

/** A cookie that another library set. */
export interface ForeignCookie {
  /** Whole name, with its prefix where it has one. */
  readonly name: string
  /** Path under which it was set. Default `/`. */
  readonly path?: string
  /** Domain under which it was set. Default none. */
  readonly domain?: string
  /** Whether it lived without Secure on plain http. Default false. */
  readonly insecurePlainHttp?: boolean
}

/**
 * Judges cookie options; `__Host-session; Path=/; Secure; HttpOnly; SameSite=Lax` where nothing is said. Unknown keys are
 * the caller's business, since its options hold more than these: see {@link cookieOptionKeys}.
 *
 * @see RFC 6265bis section 4.1
 */
export function cookieSettings(options: CookieOptions, issues: Issues): CookieSettings {
  const bare = parseName(issues, options.name === undefined ? 'session' : options.name, 'session')
  if (cookieNamePrefix(bare))
    issues.add('name', 'must be given without its prefix: __Host- or __Secure- is added')
  // __Host- before it would make __Host-Http-, which is another prefix with another demand.
  else if (/^http-/i.test(bare)) issues.add('name', 'must not begin with Http-')
  const plain = booleanOption(issues, 'insecurePlainHttp', options.insecurePlainHttp, false)
  const asked = booleanOption(issues, 'secure', options.secure, !plain)
  if (!asked && !plain) {
    issues.add(
      'secure',
      'must not be false: anyone on the network could read the cookie. http://localhost needs no weaker mode; ' +
        'for plain http on another name, in development, set insecurePlainHttp: true',
    )
  }
  if (asked && plain) issues.add('secure', 'must not be true together with insecurePlainHttp')
  const path = parsePath(issues, options.path)
  const domain = parseDomain(issues, options.domain)
  const httpOnly = booleanOption(issues, 'httpOnly', options.httpOnly, true)
  const sameSite = parseSameSite(issues, options.sameSite)
  const partitioned = booleanOption(issues, 'partitioned', options.partitioned, false)
  // Browsers drop both without a word: RFC 6265bis section 5.7 step 19, and CHIPS.
  if (plain && sameSite === 'none') issues.add('sameSite', "must not be 'none' without Secure")
  if (plain && partitioned) issues.add('partitioned', 'must not be true without Secure')
  const prefix = plain ? '' : path === '/' && domain === undefined ? '__Host-' : '__Secure-'
  return finishSettings(prefix + bare, bare, {
    path,
    ...(domain !== undefined && { domain }),
    secure: !plain,
    httpOnly,
    ...(sameSite && { sameSite }),
    ...(partitioned && { partitioned }),
  })
}

/**
 * Settings of a cookie that another library set, so that `expireCookie` can end it. Never for setting one: the name may
 * have any prefix, and attributes that do not identify a cookie are ours.
 */
export function foreignCookieSettings(cookie: ForeignCookie, issues: Issues): CookieSettings {
  const name = parseName(issues, cookie.name, 'unknown')
  const plain = booleanOption(issues, 'insecurePlainHttp', cookie.insecurePlainHttp, false)
  const path = parsePath(issues, cookie.path)
  const domain = parseDomain(issues, cookie.domain)
  const prefix = cookieNamePrefix(name)
  if (prefix?.startsWith('__host-') && (path !== '/' || domain !== undefined)) {
    issues.add('name', 'begins with __Host-, so it has Path=/ and no Domain')
  }
  if (prefix && plain) issues.add('name', 'has a prefix, so it was set with Secure')
  return finishSettings(name, name.slice(prefix?.length ?? 0), {
    path,
    ...(domain !== undefined && { domain }),
    secure: !plain,
    httpOnly: true,
    sameSite: 'lax',
  })
}

function parseSameSite(issues: Issues, value: unknown): 'strict' | 'lax' | 'none' | undefined {
  const choice = choiceOption(
    issues,
    'sameSite',
    value,
    [true, false, 'strict', 'lax', 'none'] as const,
    'lax',
  )
  return choice === true ? 'strict' : choice === false ? undefined : choice
}

function finishSettings(
  name: string,
  bare: string,
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
  return { name, bare, attributes, suffix }
}
