/**
 * Compiles X-Frame-Options together with the CSP directive frame-ancestors, which replaces it in
 * current browsers, so that both headers agree. `csp/policies.ts` calls it while header options are
 * compiled. It throws nothing itself: an invalid value is added to the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

/** The values of both headers. */
export interface Framing {
  readonly header: string | undefined
  /** The sources of frame-ancestors; undefined where the directive is left out. */
  readonly ancestors: string | undefined
}

const ancestorsByHeader = new Map([
  ['DENY', "'none'"],
  ['SAMEORIGIN', "'self'"],
])

/**
 * Makes X-Frame-Options and frame-ancestors agree. If the option is set, it decides (`false` sends
 * neither). Otherwise the application's frame-ancestors decides; where it lists origins, the header
 * is left out, because it cannot name them. By default no page may frame a response.
 */
export function compileFraming(
  issues: Issues,
  optionValue: unknown,
  ancestors: string | undefined,
): Framing {
  const choices = { choices: ['DENY', 'SAMEORIGIN'], absent: 'DENY', on: 'DENY' }
  if (optionValue !== undefined || ancestors === undefined) {
    const header = parseToken(issues, 'xFrameOptions', optionValue, choices)
    return { header, ancestors: ancestors ?? (header && ancestorsByHeader.get(header)) }
  }

  const header = ancestors === "'none'" ? 'DENY' : ancestors === "'self'" ? 'SAMEORIGIN' : undefined
  return { header, ancestors }
}
