/** Judges options and works out, once, which headers each kind of response gets. */
import { checkKeys, type Faults, nearest } from '../options/index.ts'
import { pagePolicy } from '../page/html.ts'
import {
  besidePolicy,
  type CompiledHeader,
  type CompiledHeaders,
  enforced,
  several,
  shape,
  shared,
} from './compiled.ts'
import { checkIsolation, embedderPolicy, openerPolicy, resourcePolicy } from './cross-origin.ts'
import { strictTransportSecurity } from './hsts.ts'
import { kebab } from './kebab.ts'
import { kindCount, kinds, type ResponseKind } from './kind.ts'
import { type HeaderOption, type HeaderOptions, otherOptions } from './options.ts'
import { permissionsPolicy } from './permissions-policy.ts'
import { placeholder } from './placeholder.ts'
import { policies } from './policies.ts'
import { referrerPolicy } from './referrer-policy.ts'
import { reporting } from './reporting.ts'
import {
  cacheControl,
  contentTypeOptions,
  crossDomainPolicies,
  dnsPrefetchControl,
  downloadOptions,
  originAgentCluster,
  xssProtection,
} from './simple.ts'
import { stripped } from './strip-list.ts'

type Value = string | undefined | ((kind: ResponseKind, secure: boolean) => string | undefined)
type Definition = readonly [option: HeaderOption, kinds: readonly ResponseKind[], value: Value]

/** A 304 says only what holds for every response: a cache writes the rest over what the page itself came with. */
const content: readonly ResponseKind[] = kinds.filter((kind) => kind !== 'not-modified')
/** Data refers to nothing, and the default is what browsers do by themselves. */
const referring = content.filter((kind) => kind !== 'api')
const lists = ['referrerPolicy', 'permissionsPolicy', 'reportingEndpoints', 'cacheControl']

/** Judges options that are settled: no preset is left in them. */
export function compile(faults: Faults, options: HeaderOptions): CompiledHeaders {
  // Own members only: what a polluted prototype says is no option.
  const given: HeaderOptions = { ...options }
  const reports = reporting(faults, given.reporting, given.reportingEndpoints)
  const csp = policies(faults, given, reports)
  const hsts = strictTransportSecurity(faults, given.strictTransportSecurity)
  const opener = openerPolicy(faults, given.crossOriginOpenerPolicy)
  const prefetch = dnsPrefetchControl(faults, given.xDnsPrefetchControl)
  const { crossOriginIsolated: isolated, crossOriginEmbedderPolicy: embeds } = given
  checkIsolation(faults, isolated !== undefined && isolated !== false, opener, embeds)
  const definitions: readonly Definition[] = [
    ['strictTransportSecurity', kinds, (_, secure) => (secure ? hsts : undefined)],
    ['xContentTypeOptions', kinds, contentTypeOptions(faults, given.xContentTypeOptions)],
    [
      'referrerPolicy',
      given.referrerPolicy === undefined ? referring : content,
      referrerPolicy(faults, given.referrerPolicy),
    ],
    ['xFrameOptions', content, csp.framing.header],
    ['crossOriginResourcePolicy', content, resourcePolicy(faults, given.crossOriginResourcePolicy)],
    ['contentSecurityPolicy', content, (kind, secure) => csp.of(kind)[secure ? 'secure' : 'plain']],
    ['contentSecurityPolicyReportOnly', ['document'], (_, secure) => csp.reported[secure ? 'secure' : 'plain']],
    ['reportingEndpoints', ['document'], reports.header],
    // Each hop of a redirect counts: one without the policy would part a window from its opener for good.
    ['crossOriginOpenerPolicy', ['document', 'redirect'], opener],
    ['crossOriginEmbedderPolicy', ['document', 'script'], embedderPolicy(faults, embeds, isolated)],
    ['originAgentCluster', ['document'], originAgentCluster(faults, given.originAgentCluster)],
    // Over https browsers resolve no links ahead unless told to; over http they do.
    [
      'xDnsPrefetchControl',
      ['document'],
      (_, secure) => (secure && given.xDnsPrefetchControl === undefined ? undefined : prefetch),
    ],
    ['permissionsPolicy', ['document'], permissionsPolicy(faults, given.permissionsPolicy)],
    ['xXssProtection', content, xssProtection(faults, given.xXssProtection)],
    ['xDownloadOptions', content, downloadOptions(faults, given.xDownloadOptions)],
    ['xPermittedCrossDomainPolicies', content, crossDomainPolicies(faults, given.xPermittedCrossDomainPolicies)],
    ['cacheControl', ['document', 'api'], cacheControl(faults, given.cacheControl)],
  ]
  const names = definitions.map(([option]) => option)
  checkKeys(faults, options, [...names, ...otherOptions])
  const enforces = enforce(faults, given.enforce, names)
  const headers = definitions.flatMap(([option, where, value]): CompiledHeader[] => {
    const fixed =
      (enforces.has(option) ? enforced : 0) |
      (lists.includes(option) || option.startsWith('content') ? several : 0) |
      (option === 'crossOriginResourcePolicy' && (given[option] ?? true) === true ? shared : 0)
    const made = new Map<string, { name: string; value: string; where: number; how: number }>()
    for (const [k, kind] of kinds.entries()) {
      const how = fixed | (option === 'xFrameOptions' && isSaidByPolicy(kind) ? besidePolicy : 0)
      for (const secure of [false, true]) {
        const text = where.includes(kind) && (typeof value === 'function' ? value(kind, secure) : value)
        if (!text) continue
        // Each option is called as its header is.
        const row = made.get(`${how} ${text}`) ?? { name: kebab(option), value: text, where: 0, how }
        row.where |= 1 << (secure ? k + kindCount : k)
        made.set(`${how} ${text}`, row)
      }
    }
    return [...made.values()]
  })
  const unwanted = names.filter((name) => given[name] === null).map(kebab)
  const token = placeholder(faults, given.noncePlaceholder)
  const tail = (secure: boolean): string =>
    reports.directives.map(([name, value]) => (secure || name !== 'report-to' ? `; ${name} ${value}` : '')).join('')
  const watched =
    reports.directives.length > 0 || csp.reported.secure !== undefined || enforces.has('contentSecurityPolicy')
  return {
    version: shape,
    headers,
    strip: [...stripped(faults, given.strip, given.removePoweredBy), ...unwanted].join(' '),
    ...(token !== undefined && { placeholder: token }),
    ...(watched && {
      pages: { policy: pagePolicy, reporting: `${pagePolicy}${tail(true)}`, plain: `${pagePolicy}${tail(false)}` },
    }),
  }

  /** Whoever reads frame-ancestors does not look at X-Frame-Options (CSP Level 3 section 6.4.2.2). */
  function isSaidByPolicy(kind: ResponseKind): boolean {
    return kind !== 'document' && given.xFrameOptions === undefined && csp.of(kind).plain !== undefined
  }
}

function enforce(faults: Faults, given: unknown, names: readonly string[]): ReadonlySet<string> {
  if (given === undefined) return new Set()
  const list: unknown[] = Array.isArray(given) ? given : [given]
  for (const name of list) {
    if (typeof name === 'string' && names.includes(name)) continue
    const meant = typeof name === 'string' && nearest(name, names)
    faults.add('enforce', `must be a list of options that are headers${meant ? `; did you mean ${meant}?` : ''}`)
  }
  return new Set(list as string[])
}
