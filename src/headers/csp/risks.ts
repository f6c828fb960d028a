/**
 * Finds weaknesses that make a Content-Security-Policy ineffective: the findings that Google's CSP
 * evaluator rates as high. `csp/policies.ts` calls it while header options are compiled. It throws
 * nothing itself: each finding is added to the caller's list of issues, unless the option
 * `insecureContentSecurityPolicy` allows the risk. Policies of handlers and upstreams are not
 * examined.
 */
import type { Issues } from '../../options/index.ts'
import { NONCE } from '../nonce.ts'
import type { Directives } from './directives.ts'

/**
 * The directives that control scripts, each with the option's name and the directive that replaces
 * an absent one (CSP Level 3 section 6.8.3).
 */
const scriptDirectives: ReadonlyArray<
  readonly [name: string, option: string, ...instead: string[]]
> = [
  ['script-src', 'scriptSrc', 'default-src'],
  ['script-src-elem', 'scriptSrcElem'],
  ['script-src-attr', 'scriptSrcAttr'],
  ['object-src', 'objectSrc', 'default-src'],
  ['base-uri', 'baseUri'],
]

/**
 * Adds an issue for each source that lets injected markup run scripts despite the policy. It does
 * not check whether a listed host serves scripts of third parties, for which only the evaluator has
 * a list.
 *
 * @param issues - receives the issues, each under the option of its directive.
 * @param isAllowed - the option insecureContentSecurityPolicy, which turns the check off.
 */
export function reportRisks(issues: Issues, policy: Directives, isAllowed: boolean): void {
  if (isAllowed) return

  const scripts = (policy.get('script-src') ?? policy.get('default-src'))?.toLowerCase()
  const hasNonceOrHash = scripts !== undefined && includesNonceOrHash(scripts)
  const isStrictDynamic = hasNonceOrHash && scripts.includes("'strict-dynamic'")

  if (hasNonceOrHash && (isStrictDynamic || scripts.includes(NONCE)) && !policy.has('base-uri')) {
    issues.add(
      'baseUri',
      `is missing, so an injected <base> could replace every relative script${allowHint}`,
    )
  }

  for (const [directiveName, optionName, ...fallbacks] of scriptDirectives) {
    const effective = [directiveName, ...fallbacks].find((directive) => policy.has(directive))
    if (effective === undefined) {
      if (fallbacks.length > 0)
        issues.add(
          optionName,
          `is missing, and so is default-src, so every source is allowed${allowHint}`,
        )
      continue
    }

    const text = (policy.get(effective) ?? '').toLowerCase()
    const problem = findRisk(
      text.split(' '),
      directiveName.startsWith('script-src'),
      includesNonceOrHash(text),
    )
    if (problem) issues.add(optionName, `${problem}${allowHint}`)
  }
}

const allowHint = ' (insecureContentSecurityPolicy: true allows it)'

/**
 * Returns the risk of a source list, or undefined. Browsers ignore 'unsafe-inline' beside a nonce
 * or hash, and with 'strict-dynamic' they also ignore hosts and schemes.
 */
function findRisk(
  sources: readonly string[],
  scripts: boolean,
  hasNonceOrHash: boolean,
): string | undefined {
  if (scripts && !hasNonceOrHash && sources.includes("'unsafe-inline'"))
    return "has 'unsafe-inline' without a nonce or hash"
  if (scripts && hasNonceOrHash && sources.includes("'strict-dynamic'")) return undefined
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

function includesNonceOrHash(sources: string): boolean {
  return sources.includes(NONCE) || /'sha(?:256|384|512)-/.test(sources)
}
