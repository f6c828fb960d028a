/** X-Frame-Options: who may frame this, for browsers that do not read frame-ancestors. */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

/** What both headers say about framing. */
export interface Framing {
  readonly header: string | undefined
  /** The sources of frame-ancestors; undefined: the directive is left out. */
  readonly ancestors: string | undefined
}

const byHeader = new Map([
  ['DENY', "'none'"],
  ['SAMEORIGIN', "'self'"],
])

/**
 * Keeps X-Frame-Options and frame-ancestors in step. The option decides where it is given (false: framing is not our
 * business); else the app's own frame-ancestors, which drops the header where it names other origins, since the header
 * cannot. Default: nobody.
 */
export function compileFraming(
  issues: Issues,
  value: unknown,
  ancestors: string | undefined,
): Framing {
  const words = { choices: ['DENY', 'SAMEORIGIN'], absent: 'DENY', on: 'DENY' }
  if (value !== undefined || ancestors === undefined) {
    const header = parseToken(issues, 'xFrameOptions', value, words)
    return { header, ancestors: ancestors ?? (header && byHeader.get(header)) }
  }

  const header = ancestors === "'none'" ? 'DENY' : ancestors === "'self'" ? 'SAMEORIGIN' : undefined
  return { header, ancestors }
}
