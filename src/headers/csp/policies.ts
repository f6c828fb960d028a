/**
 * Compiles the Content-Security-Policy of each kind of response, together with X-Frame-Options. The
 * header compiler calls it while options are compiled, and the header table uses the result. It
 * throws nothing itself: a value of another type, a policy that only reports without a receiver of
 * reports, and a policy that lets injected markup run scripts are added to the caller's list of
 * issues.
 */
import { booleanOption, type Issues } from '../../options/index.ts'
import { toKebabCase } from '../kebab.ts'
import type { ResponseKind } from '../kind.ts'
import type { HeaderOptions } from '../options.ts'
import { compileFraming, type Framing } from '../values/frame-options.ts'
import type { Reporting } from '../values/reporting.ts'
import { type Directives, parseDirectives, serializePolicy } from './directives.ts'
import { reportRisks } from './risks.ts'
import { strictCsp } from './strict-csp.ts'

/**
 * The policy of responses over plain http, and that of responses over https on a host with a name.
 */
export interface PolicyPair {
  readonly plain: string | undefined
  readonly secure: string | undefined
}

/** The policies of all kinds of responses, and the matching values for framing. */
export interface Policies {
  readonly framing: Framing
  /** The policy of documents that only reports violations. */
  readonly reported: PolicyPair
  /** The policy that is enforced on a kind of response. */
  forKind(responseKind: ResponseKind): PolicyPair
}

/** A policy as the options have it, and its parsed directives. */
interface OwnPolicy {
  readonly source: object
  readonly directives: Directives
}

const noPolicy: PolicyPair = { plain: undefined, secure: undefined }
const upgrade = 'upgrade-insecure-requests'
/**
 * Directives that have no effect in a policy that only reports (CSP Level 3 section 3.2); browsers
 * warn about them.
 */
const enforcedOnly = [upgrade, 'sandbox']
/** The hash of an empty text, because `'strict-dynamic'` needs a hash or nonce beside it. */
const emptyHash = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

/**
 * Compiles all policies. They are compiled together, because frame-ancestors and X-Frame-Options
 * must agree.
 */
export function compilePolicies(
  issues: Issues,
  options: HeaderOptions,
  reporting: Reporting,
): Policies {
  const { contentSecurityPolicy: option } = options
  const own = parseEnforced(issues, options)
  const framing = compileFraming(
    issues,
    options.xFrameOptions,
    own?.directives.get('frame-ancestors'),
  )

  const complete = ({ source, directives }: OwnPolicy): Directives =>
    completePolicy(directives, source, framing, reporting)
  const reportOnlyPolicy = parseReported(issues, options, reporting)
  const reported = reportOnlyPolicy
    ? serializeBoth(withoutDirectives(complete(reportOnlyPolicy), enforcedOnly))
    : noPolicy
  if (option === false || option === null) return { framing, reported, forKind: () => noPolicy }

  const byKind = compileKinds(own && serializeBoth(complete(own)), framing, reporting)
  return { framing, reported, forKind: (responseKind) => byKind[responseKind] }
}

/**
 * Parses the enforced policy of documents. Returns undefined where it is off or replaced by
 * `'observe'`.
 */
function parseEnforced(issues: Issues, options: HeaderOptions): OwnPolicy | undefined {
  const { contentSecurityPolicy: option } = options
  const hasPolicy = option !== false && option !== null && option !== 'observe'
  const source = hasPolicy
    ? (readOwnPolicy(issues, 'contentSecurityPolicy', option ?? true) ?? {})
    : undefined

  const directives = source && parseDirectives(issues.at('contentSecurityPolicy'), source)
  const allowsRisks = booleanOption(
    issues,
    'insecureContentSecurityPolicy',
    options.insecureContentSecurityPolicy,
    false,
  )
  if (source === undefined || directives === undefined) return undefined

  reportRisks(issues.at('contentSecurityPolicy'), directives, allowsRisks)
  return { source, directives }
}

/** Parses the policy of documents that only reports, which needs a receiver of reports. */
function parseReported(
  issues: Issues,
  { contentSecurityPolicy, contentSecurityPolicyReportOnly: option }: HeaderOptions,
  reporting: Reporting,
): OwnPolicy | undefined {
  const observes = contentSecurityPolicy === 'observe'
  const source = readOwnPolicy(
    issues,
    'contentSecurityPolicyReportOnly',
    option ?? (observes && option === undefined),
  )
  if (source === undefined) return undefined

  const directives = parseDirectives(issues.at('contentSecurityPolicyReportOnly'), source)
  const isReported =
    reporting.directives.length > 0 || directives.has('report-uri') || directives.has('report-to')
  if (!isReported) {
    issues.add(
      observes ? 'contentSecurityPolicy' : 'contentSecurityPolicyReportOnly',
      'needs the option reporting, the URL that receives its reports',
    )
  }

  return { source, directives }
}

/**
 * Compiles the enforced policy of each kind of response. Only that of documents can be configured.
 */
function compileKinds(
  document: PolicyPair | undefined,
  { ancestors }: Framing,
  { directives: [reportUri] }: Reporting,
): Readonly<Record<ResponseKind, PolicyPair>> {
  const frames = ancestors ? `; frame-ancestors ${ancestors}` : ''
  const reports = reportUri ? `; ${reportUri.join(' ')}` : ''
  const tight = `base-uri 'none'; form-action 'none'${frames}${reports}`

  // Few of these responses use Trusted Types, but scanners look for the directive.
  const ending = `${tight}; require-trusted-types-for 'script'`
  const strictPolicy = samePolicy(`default-src 'none'; ${ending}`)
  const observePolicy = `base-uri 'self'; object-src 'none'${frames}; form-action 'self'`

  return {
    document: document ?? { plain: observePolicy, secure: `${observePolicy}; ${upgrade}` },
    // The policy of a worker's script applies to the worker, and `default-src 'none'` would forbid
    // a service worker to fetch.
    script: samePolicy(
      `script-src 'strict-dynamic' ${emptyHash} 'wasm-unsafe-eval' https: 'unsafe-inline'; object-src 'none'; ${tight}`,
    ),
    svg: samePolicy(
      `default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; ${ending}`,
    ),
    media: samePolicy(`default-src 'none'; media-src 'self'; object-src 'self'; ${ending}`),
    asset: strictPolicy,
    redirect: strictPolicy,
    api: strictPolicy,
    'not-modified': noPolicy,
  }
}

function samePolicy(policy: string): PolicyPair {
  return { plain: policy, secure: policy }
}

function readOwnPolicy(issues: Issues, optionName: string, csp: unknown): object | undefined {
  if (csp === undefined || csp === null || csp === false) return undefined
  if (csp === true) return strictCsp()
  if (typeof csp === 'object' && !Array.isArray(csp)) return csp

  issues.add(optionName, 'must be true, false, null or an object of directives')
  return undefined
}

/**
 * Adds the directives of framing and reporting from other options, unless the policy has them
 * itself.
 */
function completePolicy(
  policy: Directives,
  input: object,
  { ancestors }: Framing,
  reporting: Reporting,
): Directives {
  const ownNames = new Set(Object.keys(input).map(toKebabCase))
  const all = new Map(policy)
  if (ancestors && !ownNames.has('frame-ancestors')) all.set('frame-ancestors', ancestors)
  if (ownNames.has('report-uri') || ownNames.has('report-to')) return all

  for (const [directiveName, value] of reporting.directives) all.set(directiveName, value)
  return all
}

/**
 * Serializes a policy for http and https. `upgrade-insecure-requests` is left out over http,
 * because Safari applies it even on http://localhost. So is `report-to` beside `report-uri`: over
 * http Chromium sends no reports to an endpoint of `report-to`, and then ignores `report-uri` as
 * well.
 */
function serializeBoth(policy: Directives): PolicyPair {
  const secureOnly = policy.has('report-uri') ? [upgrade, 'report-to'] : [upgrade]
  return {
    plain: serializePolicy(withoutDirectives(policy, secureOnly)),
    secure: serializePolicy(policy),
  }
}

function withoutDirectives(policy: Directives, names: readonly string[]): Directives {
  return new Map([...policy].filter(([directiveName]) => !names.includes(directiveName)))
}
