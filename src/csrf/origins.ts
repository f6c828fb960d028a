/** Origins in options: spelled as browsers send them, or never matched and nobody would know why. */
import type { Issues } from '../options/issues.ts'
import { readUrlOrigin } from '../request/origin.ts'

/** Scheme, host, port. Schemes of application shells (`capacitor://localhost`) have origins, too. */
const shape = /^([a-z][a-z\d+.-]*):\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/

/** Judges a list of origins; what is wrong is left out and noted by position, never by value. */
export function parseOrigins(value: unknown, issues: Issues): readonly string[] {
  if (!Array.isArray(value)) {
    issues.add('', 'must be a list of origins')
    return []
  }

  return value.filter((origin: unknown, at) => {
    const problem = value.indexOf(origin) < at ? 'is in the list twice' : findProblem(origin)
    if (problem !== undefined) issues.add(String(at), problem)
    return problem === undefined
  })
}

/** {@link judgeOrigins}, where one may stand without a list and none is a mistake. */
export function parsePublicOrigins(value: unknown, issues: Issues): readonly string[] {
  const list = typeof value === 'string' ? [value] : value
  if (Array.isArray(list) && list.length === 0) issues.add('', 'must hold at least one origin')
  return parseOrigins(list, issues)
}

function findProblem(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return 'must be a string'
  if (origin === 'null') return 'must not be null, which every sandboxed page of anybody sends'
  if (origin.includes('*')) return 'must not hold a wildcard: list each origin'
  if (origin !== origin.toLowerCase()) return 'must be in lower case, as browsers send it'

  const scheme = shape.exec(origin)?.[1]
  if (scheme === undefined)
    return 'must be scheme://host or scheme://host:port with nothing behind it'
  if (scheme !== 'https' && scheme !== 'http') return undefined
  if (readUrlOrigin(origin) !== origin) return "must not name the scheme's own port"

  // Numbers and bad ports that a URL parser writes otherwise or refuses: http://127.1, http://a:99999.
  const same = URL.canParse(origin) && new URL(origin).origin === origin
  return same ? undefined : 'must be spelled as browsers send it'
}
