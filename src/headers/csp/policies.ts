/** Which Content-Security-Policy each kind of response gets. */
import { booleanOption, type Issues } from '../../options/index.ts'
import { toKebabCase } from '../kebab.ts'
import type { ResponseKind } from '../kind.ts'
import type { HeaderOptions } from '../options.ts'
import { compileFraming, type Framing } from '../values/frame-options.ts'
import type { Reporting } from '../values/reporting.ts'
import { type Directives, parseDirectives, serializePolicy } from './directives.ts'
import { reportRisks } from './risks.ts'
import { strictCsp } from './strict-csp.ts'

/** A policy over plain http, and over https on a name. */
export interface Policy {
  readonly plain: string | undefined
  readonly secure: string | undefined
}

/** Policies by kind, the one that documents are only measured by, and the framing of documents that goes with them. */
export interface Policies {
  readonly framing: Framing
  readonly reported: Policy
  of(kind: ResponseKind): Policy
}

const none: Policy = { plain: undefined, secure: undefined }
const upgrade = 'upgrade-insecure-requests'
/** Mean nothing in a policy that only reports (CSP Level 3 section 3.2); browsers complain about them. */
const enforcing = [upgrade, 'sandbox']

/** Judges the options of policies together, since frame-ancestors of one and X-Frame-Options say the same. */
export function compilePolicies(
  issues: Issues,
  options: HeaderOptions,
  reporting: Reporting,
): Policies {
  const {
    contentSecurityPolicy: csp,
    contentSecurityPolicyReportOnly: reportOnly,
    xFrameOptions,
  } = options

  const observe = csp === 'observe'
  const off = csp === false || csp === null
  const given =
    off || observe ? undefined : (readOwnPolicy(issues, 'contentSecurityPolicy', csp ?? true) ?? {})
  const judged = given && parseDirectives(issues.at('contentSecurityPolicy'), given)
  const allowed = booleanOption(
    issues,
    'insecureContentSecurityPolicy',
    options.insecureContentSecurityPolicy,
    false,
  )

  if (judged) reportRisks(issues.at('contentSecurityPolicy'), judged, allowed)
  const frames = compileFraming(issues, xFrameOptions, judged?.get('frame-ancestors'))

  const measure = readOwnPolicy(
    issues,
    'contentSecurityPolicyReportOnly',
    reportOnly ?? (observe && reportOnly === undefined),
  )

  const measured = measure && parseDirectives(issues.at('contentSecurityPolicyReportOnly'), measure)
  const silent =
    measured &&
    !reporting.directives.length &&
    !measured.has('report-uri') &&
    !measured.has('report-to')

  if (silent)
    issues.add(
      observe ? 'contentSecurityPolicy' : 'contentSecurityPolicyReportOnly',
      'needs the option reporting',
    )

  const whole = (policy: Directives, source: object): Directives =>
    completePolicy(policy, source, frames, reporting)
  const reported =
    measured && measure
      ? serializeBoth(withoutDirectives(whole(measured, measure), enforcing))
      : none
  if (off) return { framing: frames, reported, of: () => none }

  const tail = frames.ancestors ? `; frame-ancestors ${frames.ancestors}` : ''
  const [uri] = reporting.directives
  const tight = `base-uri 'none'; form-action 'none'${tail}${uri ? `; ${uri.join(' ')}` : ''}`

  // Nothing in most of these asks for a Trusted Type; scanners of policies ask for the directive.
  const end = `${tight}; require-trusted-types-for 'script'`
  const closed = `default-src 'none'; ${end}`
  const both = (policy: string): Policy => ({ plain: policy, secure: policy })
  const floor = `base-uri 'self'; object-src 'none'${tail}; form-action 'self'`
  const made: Readonly<Record<ResponseKind, Policy>> = {
    document:
      judged && given
        ? serializeBoth(whole(judged, given))
        : { plain: floor, secure: `${floor}; ${upgrade}` },
    // The policy of a worker's script is the worker's: closed, a service worker could fetch nothing. It imports as it
    // likes, and makes no code of text. The hash is that of no text: 'strict-dynamic' counts only beside one.
    script: both(
      `script-src 'strict-dynamic' ${emptyHash} 'wasm-unsafe-eval' https: 'unsafe-inline'; object-src 'none'; ${tight}`,
    ),
    svg: both(
      `default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; ${end}`,
    ),
    media: both(`default-src 'none'; media-src 'self'; object-src 'self'; ${end}`),
    asset: both(closed),
    redirect: both(closed),
    api: both(closed),
    'not-modified': none,
  }

  return { framing: frames, reported, of: (kind) => made[kind] }
}

const emptyHash = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

function readOwnPolicy(issues: Issues, option: string, csp: unknown): object | undefined {
  if (csp === undefined || csp === null || csp === false) return undefined
  if (csp === true) return strictCsp()
  if (typeof csp === 'object' && !Array.isArray(csp)) return csp

  issues.add(option, 'must be true, false, null or an object of directives')
  return undefined
}

/** Adds what other options say, unless the policy says it itself or that it wants none of it. */
function completePolicy(
  policy: Directives,
  input: object,
  { ancestors }: Framing,
  reporting: Reporting,
): Directives {
  const named = new Set(Object.keys(input).map(toKebabCase))
  const all = new Map(policy)
  if (ancestors && !named.has('frame-ancestors')) all.set('frame-ancestors', ancestors)
  if (named.has('report-uri') || named.has('report-to')) return all

  for (const [name, value] of reporting.directives) all.set(name, value)
  return all
}

/**
 * Safari upgrades even on http://localhost, where there is nothing to upgrade to. Over http Chromium sends nothing to an endpoint of
 * `report-to`, nor then to `report-uri` beside it.
 */
function serializeBoth(policy: Directives): Policy {
  const secureOnly = policy.has('report-uri') ? [upgrade, 'report-to'] : [upgrade]
  return {
    plain: serializePolicy(withoutDirectives(policy, secureOnly)),
    secure: serializePolicy(policy),
  }
}

function withoutDirectives(policy: Directives, names: readonly string[]): Directives {
  return new Map([...policy].filter(([name]) => !names.includes(name)))
}
