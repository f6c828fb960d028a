/** What makes a policy worth nothing: the findings that Google's CSP evaluator calls high. */
import type { Issues } from '../../options/index.ts'
import type { Directives } from './directives.ts'
import { NONCE } from './nonce.ts'

/** Directives through which scripts come in, and what stands in for one that is left out (CSP Level 3 section 6.8.3). */
const doors: ReadonlyArray<readonly [name: string, option: string, ...instead: string[]]> = [
  ['script-src', 'scriptSrc', 'default-src'],
  ['script-src-elem', 'scriptSrcElem'],
  ['script-src-attr', 'scriptSrcAttr'],
  ['object-src', 'objectSrc', 'default-src'],
  ['base-uri', 'baseUri'],
]

/**
 * Notes what lets injected markup run scripts in spite of the policy. Not judged: whether a listed host serves
 * somebody else's scripts, which only the evaluator's own list of such hosts can say.
 *
 * @param faults - takes the faults under the names of directives; nothing is noted where `allowed`.
 */
export function reportRisks(issues: Issues, policy: Directives, allowed: boolean): void {
  if (allowed) return

  const scripts = (policy.get('script-src') ?? policy.get('default-src'))?.toLowerCase()
  const keyed = scripts !== undefined && isKeyed(scripts)
  const spread = keyed && scripts.includes("'strict-dynamic'")

  if (keyed && (spread || scripts.includes(NONCE)) && !policy.has('base-uri')) {
    issues.add(
      'baseUri',
      `is missing: one injected <base> moves every relative script elsewhere${loosen}`,
    )
  }

  for (const [name, option, ...instead] of doors) {
    const found = [name, ...instead].find((directive) => policy.has(directive))
    if (found === undefined) {
      if (instead.length > 0)
        issues.add(option, `is missing, and default-src too: everything is allowed there${loosen}`)
      continue
    }

    const text = (policy.get(found) ?? '').toLowerCase()
    const problem = findRisk(text.split(' '), name.startsWith('script-src'), isKeyed(text))
    if (problem) issues.add(option, `${problem}${loosen}`)
  }
}

const loosen = ' (insecureContentSecurityPolicy: true allows it)'

/** Browsers that know nonces and hashes ignore 'unsafe-inline' beside one, and with 'strict-dynamic' hosts and schemes too. */
function findRisk(
  sources: readonly string[],
  scripts: boolean,
  keyed: boolean,
): string | undefined {
  if (scripts && !keyed && sources.includes("'unsafe-inline'"))
    return "has 'unsafe-inline' without a nonce or hash"
  if (scripts && keyed && sources.includes("'strict-dynamic'")) return undefined
  if (
    sources.some((source) => source.replace(/^[a-z][a-z\d+.-]*:\/\//, '').split(':', 1)[0] === '*')
  ) {
    return 'has * as a source'
  }

  const scheme = sources.find(
    (source) => source === 'data:' || source === 'http:' || source === 'https:',
  )
  return scheme && `has ${scheme} without a host`
}

function isKeyed(sources: string): boolean {
  return sources.includes(NONCE) || /'sha(?:256|384|512)-/.test(sources)
}
