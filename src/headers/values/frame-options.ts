/**
 * Compiles X-Frame-Options together with frame-ancestors, which replaces it in current browsers.
 * `csp/policies.ts` calls it while building. An invalid value is reported as an issue.
 */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

/** The values of both headers for framing. */
export interface Framing {
  readonly header: string | undefined
  /** The sources of frame-ancestors; undefined: without the directive. */
  readonly ancestors: string | undefined
}

const ancestorsByHeader = new Map([
  ['DENY', "'none'"],
  ['SAMEORIGIN', "'self'"],
])

/**
 * Makes X-Frame-Options and frame-ancestors agree. The option decides where it is set (false: neither is sent); otherwise
 * the application's own frame-ancestors, which removes the header where it lists origins, because the header cannot name
 * them. By default no page may frame a response.
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
