/**
 * Validates the option `next` of a guard, which repeats the parts of a project's next.config that are about addresses.
 * `guard.ts` calls it while building; the other files about addresses use its types. Wrong options are reported as
 * issues, and the result is then not usable: the caller must throw the issues first. `domains[].locales` is accepted,
 * as next.config has it, and not read.
 */
import { booleanOption, checkKeys, type Issues } from '../options/index.ts'
import { isPathPattern } from '../request/path/pattern.ts'
import { compileRewrite, type NextRewrite, type Rewrite } from './next-rewrites.ts'

/** A domain with a default locale of its own; see `i18n.domains` of next.config. */
export interface NextDomain {
  /** The host, without a scheme. */
  readonly domain: string
  /** The locale of addresses of this domain that name none. */
  readonly defaultLocale: string
  /** Further locales of this domain. */
  readonly locales?: readonly string[]
}

/**
 * The part of next.config that is about addresses, with the same values. The paths of routes are written
 * without base path and locale, as in links. Base path and locales that are absent are read from
 * `request.nextUrl`. If that has other ones than these options, the guard responds with 503 to every
 * request.
 */
export interface NextOptions {
  /** `basePath`, such as `/shop`. Default: that of `request.nextUrl`, or none. */
  readonly basePath?: string
  /** `i18n.locales`, such as `['en', 'fr']`. Default: those of `request.nextUrl`, or none. */
  readonly locales?: readonly string[]
  /** `i18n.defaultLocale`. Required with `locales`. */
  readonly defaultLocale?: string
  /** `i18n.domains`. List their hosts in the option `hosts` too. Default none. */
  readonly domains?: readonly NextDomain[]
  /** `trailingSlash`. Default false. */
  readonly trailingSlash?: boolean
  /** All rewrites to pages of this project, so that the rule on a destination covers its source too. Default none. */
  readonly rewrites?: readonly NextRewrite[]
}

/** The compiled {@link NextOptions}. */
export interface NextConfig {
  readonly basePath: string
  /** Locales as they are written, by their form in lower case. */
  readonly locales: ReadonlyMap<string, string>
  readonly defaultLocale: string | undefined
  /** Default locales of all domains. */
  readonly domainLocales: ReadonlySet<string>
  readonly trailingSlash: boolean
  readonly rewrites: readonly Rewrite[]
}

const optionKeys: ReadonlyArray<keyof NextOptions> = [
  'basePath',
  'locales',
  'defaultLocale',
  'domains',
  'trailingSlash',
  'rewrites',
]

/** A path segment that can be a locale: it has no dot or slash. */
const localeName = /^[A-Za-z\d_-]{1,35}$/

/** Validates the option `next`. */
export function compileNext(nextOption: unknown, issues: Issues): NextConfig {
  if (
    nextOption !== undefined &&
    (typeof nextOption !== 'object' || nextOption === null || Array.isArray(nextOption))
  ) {
    issues.add('', 'must be an object such as { basePath, locales, defaultLocale }')
  }

  const options = Object(nextOption) as NextOptions
  if (nextOption !== undefined) checkKeys(issues, options, optionKeys)
  const locales = compileLocales(options.locales, issues)
  const { defaultLocale } = options
  if (locales.size > 0 && !locales.has(`${defaultLocale}`.toLowerCase())) {
    issues.add('defaultLocale', 'must be one of locales')
  }

  if (locales.size === 0 && defaultLocale !== undefined)
    issues.add('defaultLocale', 'needs the option next.locales')

  return {
    basePath: compileBasePath(options.basePath, issues),
    locales,
    defaultLocale,
    domainLocales: compileDomains(options.domains, locales, issues.at('domains')),
    trailingSlash: booleanOption(issues, 'trailingSlash', options.trailingSlash, false),
    rewrites: compileRewrites(options.rewrites, issues.at('rewrites')),
  }
}

function compileBasePath(basePathOption: unknown, issues: Issues): string {
  if (basePathOption === undefined || basePathOption === '') return ''
  if (
    typeof basePathOption === 'string' &&
    isPathPattern(basePathOption) &&
    !basePathOption.endsWith('/') &&
    !basePathOption.endsWith('/*')
  )
    return basePathOption

  issues.add(
    'basePath',
    'must be as in next.config: a path such as /shop, without a slash at its end',
  )

  return ''
}

function compileLocales(localesOption: unknown, issues: Issues): Map<string, string> {
  const locales = new Map<string, string>()
  if (localesOption === undefined) return locales
  if (!Array.isArray(localesOption) || localesOption.length === 0 || localesOption.length > 1000) {
    issues.add('locales', 'must be a list of 1 to 1000 locales, or absent')
    return locales
  }

  for (const [index, name] of localesOption.entries()) {
    if (typeof name === 'string' && localeName.test(name)) locales.set(name.toLowerCase(), name)
    else issues.add(`locales.${index}`, 'must be a locale such as en or pt-BR')
  }

  return locales
}

function compileDomains(
  domainsOption: unknown,
  locales: ReadonlyMap<string, string>,
  issues: Issues,
): Set<string> {
  const foundDomains = new Set<string>()
  if (domainsOption === undefined) return foundDomains
  if (!Array.isArray(domainsOption)) {
    issues.add('', 'must be a list of domains')
    return foundDomains
  }

  for (const [index, domainInput] of domainsOption.entries()) {
    const domainIssues = issues.at(`${index}`)
    const { domain: domainName, defaultLocale } = Object(domainInput) as Partial<NextDomain>
    checkKeys(domainIssues, Object(domainInput), ['domain', 'defaultLocale', 'locales', 'http'])
    if (typeof domainName !== 'string' || domainName === '')
      domainIssues.add('domain', 'must be a host such as example.fr')

    if (typeof defaultLocale === 'string' && locales.has(defaultLocale.toLowerCase()))
      foundDomains.add(defaultLocale)
    else domainIssues.add('defaultLocale', 'must be one of locales')
  }

  return foundDomains
}

function compileRewrites(rewritesOption: unknown, issues: Issues): Rewrite[] {
  if (rewritesOption === undefined) return []
  if (!Array.isArray(rewritesOption)) {
    issues.add('', 'must be a list such as [{ source, destination }]')
    return []
  }

  return rewritesOption.flatMap(
    (rewriteInput, index) => compileRewrite(rewriteInput, issues.at(`${index}`)) ?? [],
  )
}
