/**
 * Finds what makes a policy ineffective: the findings that Google's CSP evaluator rates as high.
 * `policies.ts` calls it while building. Each finding is an issue, unless the options allow the
 * risk.
 */
import type { Issues } from '../../options/index.ts'
import { NONCE } from '../nonce.ts'
import type { Directives } from './directives.ts'

/** Directives that control scripts, and the fallback of one that is absent (CSP Level 3 section 6.8.3). */
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
 * Adds an issue for everything that lets injected markup run scripts despite the policy. It does not check whether a listed
 * host serves scripts of third parties; only the evaluator's own list of such hosts can tell.
 *
 * @param issues - receives the issues under the options of directives.
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
      `is missing: one injected <base> moves every relative script elsewhere${allowHint}`,
    )
  }

  for (const [directiveName, optionName, ...fallbacks] of scriptDirectives) {
    const effective = [directiveName, ...fallbacks].find((directive) => policy.has(directive))
    if (effective === undefined) {
      if (fallbacks.length > 0)
        issues.add(
          optionName,
          `is missing, and so is default-src: every source is allowed${allowHint}`,
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

/** Browsers ignore 'unsafe-inline' beside a nonce or hash, and with 'strict-dynamic' also hosts and schemes. */
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
