/** Headers with one sensible value. */
import type { Faults } from '../options/index.ts'
import { token } from './token.ts'

/** X-Content-Type-Options: a response is what its type says. */
export function contentTypeOptions(faults: Faults, given: unknown): string | undefined {
  return token(faults, 'xContentTypeOptions', given, { choices: ['nosniff'], absent: 'nosniff', on: 'nosniff' })
}

/** Origin-Agent-Cluster: pages of this origin share no process memory with sibling subdomains. */
export function originAgentCluster(faults: Faults, given: unknown): string | undefined {
  return token(faults, 'originAgentCluster', given, { choices: ['?1', '?0'], absent: '?1', on: '?1' })
}

/** X-DNS-Prefetch-Control: links tell a resolver what a page is about only when they are followed. */
export function dnsPrefetchControl(faults: Faults, given: unknown): string | undefined {
  return token(faults, 'xDnsPrefetchControl', given, { choices: ['off', 'on'], absent: 'off', on: 'off' })
}

/** X-XSS-Protection: browsers have dropped the filter, whose other values made pages less safe. Off. */
export function xssProtection(faults: Faults, given: unknown): string | undefined {
  return token(faults, 'xXssProtection', given, { choices: ['0'], absent: undefined, on: '0' })
}

/** X-Download-Options: Internet Explorer only. Off. */
export function downloadOptions(faults: Faults, given: unknown): string | undefined {
  return token(faults, 'xDownloadOptions', given, { choices: ['noopen'], absent: undefined, on: 'noopen' })
}

/** X-Permitted-Cross-Domain-Policies: for Flash and Acrobat. Off. */
export function crossDomainPolicies(faults: Faults, given: unknown): string | undefined {
  const choices = ['none', 'master-only', 'by-content-type', 'all']
  return token(faults, 'xPermittedCrossDomainPolicies', given, { choices, absent: undefined, on: 'none' })
}

/** Cache-Control: only for those who want OWASP's word for word; a session says so itself where it matters. Off. */
export function cacheControl(faults: Faults, given: unknown): string | undefined {
  const choices = ['no-store, max-age=0', 'no-store']
  return token(faults, 'cacheControl', given, { choices, absent: undefined, on: 'no-store, max-age=0' })
}
