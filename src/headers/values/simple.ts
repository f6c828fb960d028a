/**
 * Compiles headers with one sensible value, such as X-Content-Type-Options. The table in
 * `compile/definitions.ts` calls it while header options are compiled. It throws nothing itself: a
 * value other than the allowed ones is added to the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

/** Compiles X-Content-Type-Options: browsers do not guess the type of a response. */
export function contentTypeOptions(issues: Issues, optionValue: unknown): string | undefined {
  return parseToken(issues, 'xContentTypeOptions', optionValue, {
    choices: ['nosniff'],
    absent: 'nosniff',
    on: 'nosniff',
  })
}

/** Compiles Origin-Agent-Cluster: pages of this origin share no process memory with sibling subdomains. */
export function originAgentCluster(issues: Issues, optionValue: unknown): string | undefined {
  return parseToken(issues, 'originAgentCluster', optionValue, {
    choices: ['?1', '?0'],
    absent: '?1',
    on: '?1',
  })
}

/** Compiles X-DNS-Prefetch-Control: browsers resolve the host of a link only when it is followed. */
export function dnsPrefetchControl(issues: Issues, optionValue: unknown): string | undefined {
  return parseToken(issues, 'xDnsPrefetchControl', optionValue, {
    choices: ['off', 'on'],
    absent: 'off',
    on: 'off',
  })
}

/**
 * Compiles X-XSS-Protection. Browsers have removed the filter, and its other values made pages less
 * safe. Off by default.
 */
export function xssProtection(issues: Issues, optionValue: unknown): string | undefined {
  return parseToken(issues, 'xXssProtection', optionValue, {
    choices: ['0'],
    absent: undefined,
    on: '0',
  })
}

/** Compiles X-Download-Options, for Internet Explorer. Off by default. */
export function downloadOptions(issues: Issues, optionValue: unknown): string | undefined {
  return parseToken(issues, 'xDownloadOptions', optionValue, {
    choices: ['noopen'],
    absent: undefined,
    on: 'noopen',
  })
}

/** Compiles X-Permitted-Cross-Domain-Policies, for Flash and Acrobat. Off by default. */
export function crossDomainPolicies(issues: Issues, optionValue: unknown): string | undefined {
  const choices = ['none', 'master-only', 'by-content-type', 'all']
  return parseToken(issues, 'xPermittedCrossDomainPolicies', optionValue, {
    choices,
    absent: undefined,
    on: 'none',
  })
}

/**
 * Compiles Cache-Control, for OWASP's exact list. Off by default, because sessions set it where it
 * is needed.
 */
export function cacheControl(issues: Issues, optionValue: unknown): string | undefined {
  const choices = ['no-store, max-age=0', 'no-store']
  return parseToken(issues, 'cacheControl', optionValue, {
    choices,
    absent: undefined,
    on: 'no-store, max-age=0',
  })
}
