/** Headers with one sensible value. */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

/** X-Content-Type-Options: a response is what its type says. */
export function contentTypeOptions(issues: Issues, value: unknown): string | undefined {
  return parseToken(issues, 'xContentTypeOptions', value, {
    choices: ['nosniff'],
    absent: 'nosniff',
    on: 'nosniff',
  })
}

/** Origin-Agent-Cluster: pages of this origin share no process memory with sibling subdomains. */
export function originAgentCluster(issues: Issues, value: unknown): string | undefined {
  return parseToken(issues, 'originAgentCluster', value, {
    choices: ['?1', '?0'],
    absent: '?1',
    on: '?1',
  })
}

/** X-DNS-Prefetch-Control: links tell a resolver what a page is about only when they are followed. */
export function dnsPrefetchControl(issues: Issues, value: unknown): string | undefined {
  return parseToken(issues, 'xDnsPrefetchControl', value, {
    choices: ['off', 'on'],
    absent: 'off',
    on: 'off',
  })
}

/** X-XSS-Protection: browsers have dropped the filter, whose other values made pages less safe. Off. */
export function xssProtection(issues: Issues, value: unknown): string | undefined {
  return parseToken(issues, 'xXssProtection', value, { choices: ['0'], absent: undefined, on: '0' })
}

/** X-Download-Options: Internet Explorer only. Off. */
export function downloadOptions(issues: Issues, value: unknown): string | undefined {
  return parseToken(issues, 'xDownloadOptions', value, {
    choices: ['noopen'],
    absent: undefined,
    on: 'noopen',
  })
}

/** X-Permitted-Cross-Domain-Policies: for Flash and Acrobat. Off. */
export function crossDomainPolicies(issues: Issues, value: unknown): string | undefined {
  const choices = ['none', 'master-only', 'by-content-type', 'all']
  return parseToken(issues, 'xPermittedCrossDomainPolicies', value, {
    choices,
    absent: undefined,
    on: 'none',
  })
}

/** Cache-Control: only for those who want OWASP's word for word; a session says so itself where it matters. Off. */
export function cacheControl(issues: Issues, value: unknown): string | undefined {
  const choices = ['no-store, max-age=0', 'no-store']
  return parseToken(issues, 'cacheControl', value, {
    choices,
    absent: undefined,
    on: 'no-store, max-age=0',
  })
}
