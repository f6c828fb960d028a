/**
 * Validates origins in options. An origin that is not written as browsers send it would never match, so it is
 * rejected. The csrf policy and its rules, and the hosts and CORS of `portcullis()`, call it while building. An
 * invalid origin is left out of the result and reported by its index, never by its value.
 */
import type { Issues } from '../options/issues.ts'
import { readUrlOrigin } from '../request/origin.ts'

/**
 * Scheme, host and port. Other schemes are allowed, since application shells such as `capacitor://localhost` have
 * origins too.
 */
const originShape = /^([a-z][a-z\d+.-]*):\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/

/** Parses a list of origins. Invalid origins are left out and reported as issues. */
export function parseOrigins(optionValue: unknown, issues: Issues): readonly string[] {
  if (!Array.isArray(optionValue)) {
    issues.add('', 'must be a list of origins')
    return []
  }

  return optionValue.filter((origin: unknown, index) => {
    const problem =
      optionValue.indexOf(origin) < index ? 'is in the list twice' : findProblem(origin)
    if (problem !== undefined) issues.add(String(index), problem)
    return problem === undefined
  })
}

/** Parses the public origins: one origin or a list of at least one. */
export function parsePublicOrigins(optionValue: unknown, issues: Issues): readonly string[] {
  const originList = typeof optionValue === 'string' ? [optionValue] : optionValue
  if (Array.isArray(originList) && originList.length === 0)
    issues.add('', 'must contain at least one origin')
  return parseOrigins(originList, issues)
}

function findProblem(origin: unknown): string | undefined {
  if (typeof origin !== 'string') return 'must be a string'
  if (origin === 'null') return 'must not be null, which sandboxed pages of any site send'
  if (origin.includes('*')) return 'must not contain a wildcard: list each origin'
  if (origin !== origin.toLowerCase()) return 'must be in lower case, as browsers send it'

  const scheme = originShape.exec(origin)?.[1]
  if (scheme === undefined)
    return 'must be scheme://host or scheme://host:port without path, query or fragment'
  if (scheme !== 'https' && scheme !== 'http') return undefined
  if (readUrlOrigin(origin) !== origin) return 'must not contain the default port'

  // A URL parser rewrites or rejects some numbers: `http://127.1`, `http://a:99999`.
  const isCanonical = URL.canParse(origin) && new URL(origin).origin === origin
  return isCanonical ? undefined : 'must be spelled as browsers send it'
}
