/** Origins in options: spelled as browsers send them, or never matched and nobody would know why. */
import type { Faults } from '../options/faults.ts'
import { originOf } from '../request/origin.ts'

/** Scheme, host, port. Schemes of application shells (`capacitor://localhost`) have origins, too. */
const shape = /^([a-z][a-z\d+.-]*):\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/

/** Judges a list of origins; what is wrong is left out and noted by position, never by value. */
export function judgeOrigins(given: unknown, faults: Faults): readonly string[] {
  if (!Array.isArray(given)) {
    faults.add('', 'must be a list of origins')
    return []
  }
  return given.filter((origin: unknown, at) => {
    const problem = given.indexOf(origin) < at ? 'is in the list twice' : problemOf(origin)
    if (problem !== undefined) faults.add(String(at), problem)
    return problem === undefined
  })
}

/** {@link judgeOrigins}, where one may stand without a list and none is a mistake. */
export function judgePublicOrigins(given: unknown, faults: Faults): readonly string[] {
  const list = typeof given === 'string' ? [given] : given
  if (Array.isArray(list) && list.length === 0) faults.add('', 'must hold at least one origin')
  return judgeOrigins(list, faults)
}

function problemOf(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return 'must be a string'
  if (origin === 'null') return 'must not be null, which every sandboxed page of anybody sends'
  if (origin.includes('*')) return 'must not hold a wildcard: list each origin'
  if (origin !== origin.toLowerCase()) return 'must be in lower case, as browsers send it'
  const scheme = shape.exec(origin)?.[1]
  if (scheme === undefined) return 'must be scheme://host or scheme://host:port with nothing behind it'
  if (scheme !== 'https' && scheme !== 'http') return undefined
  if (originOf(origin) !== origin) return "must not name the scheme's own port"
  // Numbers and bad ports that a URL parser writes otherwise or refuses: http://127.1, http://a:99999.
  const same = URL.canParse(origin) && new URL(origin).origin === origin
  return same ? undefined : 'must be spelled as browsers send it'
}
