/** Judges options and works out, once, which headers each kind of response gets. */
import { checkKeys, type Issues, nearestKey } from '../options/index.ts'
import { pagePolicy } from '../page/html.ts'
import {
  appendBit,
  besidePolicyBit,
  type CompiledHeader,
  type CompiledHeaders,
  enforcedBit,
  formatVersion,
  sharedBit,
} from './compiled.ts'
import { parsePlaceholder } from './csp/placeholder.ts'
import { compilePolicies } from './csp/policies.ts'
import { toKebabCase } from './kebab.ts'
import { kindCount, type ResponseKind, responseKinds } from './kind.ts'
import { type HeaderOption, type HeaderOptions, otherOptions } from './options.ts'
import { compileStripList } from './strip-list.ts'
import {
  checkIsolation,
  compileEmbedderPolicy,
  compileOpenerPolicy,
  compileResourcePolicy,
} from './values/cross-origin.ts'
import { compileStrictTransportSecurity } from './values/hsts.ts'
import { permissionsPolicy } from './values/permissions-policy.ts'
import { compileReferrerPolicy } from './values/referrer-policy.ts'
import { compileReporting } from './values/reporting.ts'
import {
  cacheControl,
  contentTypeOptions,
  crossDomainPolicies,
  dnsPrefetchControl,
  downloadOptions,
  originAgentCluster,
  xssProtection,
} from './values/simple.ts'

type HeaderValue =
  | string
  | undefined
  | ((kind: ResponseKind, secure: boolean) => string | undefined)
type HeaderDefinition = readonly [
  option: HeaderOption,
  kinds: readonly ResponseKind[],
  value: HeaderValue,
]

/** A 304 says only what holds for every response: a cache writes the rest over what the page itself came with. */
const content: readonly ResponseKind[] = responseKinds.filter((kind) => kind !== 'not-modified')
/** Data refers to nothing, and the default is what browsers do by themselves. */
const referring = content.filter((kind) => kind !== 'api')
const lists = ['referrerPolicy', 'permissionsPolicy', 'reportingEndpoints', 'cacheControl']

/** Judges options that are settled: no preset is left in them. */
export function compileHeaderOptions(issues: Issues, options: HeaderOptions): CompiledHeaders {
  // Own members only: what a polluted prototype says is no option.
  const given: HeaderOptions = { ...options }
  const reports = compileReporting(issues, given.reporting, given.reportingEndpoints)
  const csp = compilePolicies(issues, given, reports)
  const hsts = compileStrictTransportSecurity(issues, given.strictTransportSecurity)
  const opener = compileOpenerPolicy(issues, given.crossOriginOpenerPolicy)
  const prefetch = dnsPrefetchControl(issues, given.xDnsPrefetchControl)
  const { crossOriginIsolated: isolated, crossOriginEmbedderPolicy: embeds } = given

  checkIsolation(issues, isolated !== undefined && isolated !== false, opener, embeds)
  const definitions: readonly HeaderDefinition[] = [
    ['strictTransportSecurity', responseKinds, (_, secure) => (secure ? hsts : undefined)],
    ['xContentTypeOptions', responseKinds, contentTypeOptions(issues, given.xContentTypeOptions)],
    [
      'referrerPolicy',
      given.referrerPolicy === undefined ? referring : content,
      compileReferrerPolicy(issues, given.referrerPolicy),
    ],
    ['xFrameOptions', content, csp.framing.header],
    [
      'crossOriginResourcePolicy',
      content,
      compileResourcePolicy(issues, given.crossOriginResourcePolicy),
    ],
    ['contentSecurityPolicy', content, (kind, secure) => csp.of(kind)[secure ? 'secure' : 'plain']],
    [
      'contentSecurityPolicyReportOnly',
      ['document'],
      (_, secure) => csp.reported[secure ? 'secure' : 'plain'],
    ],
    ['reportingEndpoints', ['document'], reports.header],
    // Each hop of a redirect counts: one without the policy would part a window from its opener for good.
    ['crossOriginOpenerPolicy', ['document', 'redirect'], opener],
    [
      'crossOriginEmbedderPolicy',
      ['document', 'script'],
      compileEmbedderPolicy(issues, embeds, isolated),
    ],
    ['originAgentCluster', ['document'], originAgentCluster(issues, given.originAgentCluster)],
    // Over https browsers resolve no links ahead unless told to; over http they do.
    [
      'xDnsPrefetchControl',
      ['document'],
      (_, secure) => (secure && given.xDnsPrefetchControl === undefined ? undefined : prefetch),
    ],
    ['permissionsPolicy', ['document'], permissionsPolicy(issues, given.permissionsPolicy)],
    ['xXssProtection', content, xssProtection(issues, given.xXssProtection)],
    ['xDownloadOptions', content, downloadOptions(issues, given.xDownloadOptions)],
    [
      'xPermittedCrossDomainPolicies',
      content,
      crossDomainPolicies(issues, given.xPermittedCrossDomainPolicies),
    ],
    ['cacheControl', ['document', 'api'], cacheControl(issues, given.cacheControl)],
  ]

  const names = definitions.map(([option]) => option)
  checkKeys(issues, options, [...names, ...otherOptions])

  const enforces = parseEnforce(issues, given.enforce, names)
  const headers = definitions.flatMap(([option, where, value]): CompiledHeader[] => {
    const fixed =
      (enforces.has(option) ? enforcedBit : 0) |
      (lists.includes(option) || option.startsWith('content') ? appendBit : 0) |
      (option === 'crossOriginResourcePolicy' && (given[option] ?? true) === true ? sharedBit : 0)
    const made = new Map<string, { name: string; value: string; where: number; how: number }>()

    for (const [k, kind] of responseKinds.entries()) {
      const how =
        fixed | (option === 'xFrameOptions' && isCoveredByPolicy(kind) ? besidePolicyBit : 0)
      for (const secure of [false, true]) {
        const text =
          where.includes(kind) && (typeof value === 'function' ? value(kind, secure) : value)
        if (!text) continue

        // Each option is called as its header is.
        const row = made.get(`${how} ${text}`) ?? {
          name: toKebabCase(option),
          value: text,
          where: 0,
          how,
        }

        row.where |= 1 << (secure ? k + kindCount : k)
        made.set(`${how} ${text}`, row)
      }
    }

    return [...made.values()]
  })

  const unwanted = names.filter((name) => given[name] === null).map(toKebabCase)
  const token = parsePlaceholder(issues, given.noncePlaceholder)
  const tail = (secure: boolean): string =>
    reports.directives
      .map(([name, value]) => (secure || name !== 'report-to' ? `; ${name} ${value}` : ''))
      .join('')
  const watched =
    reports.directives.length > 0 ||
    csp.reported.secure !== undefined ||
    enforces.has('contentSecurityPolicy')

  return {
    version: formatVersion,
    headers,
    strip: [...compileStripList(issues, given.strip, given.removePoweredBy), ...unwanted].join(' '),
    ...(token !== undefined && { placeholder: token }),
    ...(watched && {
      pages: {
        policy: pagePolicy,
        reporting: `${pagePolicy}${tail(true)}`,
        plain: `${pagePolicy}${tail(false)}`,
      },
    }),
  }

  /** Whoever reads frame-ancestors does not look at X-Frame-Options (CSP Level 3 section 6.4.2.2). */
  function isCoveredByPolicy(kind: ResponseKind): boolean {
    return (
      kind !== 'document' && given.xFrameOptions === undefined && csp.of(kind).plain !== undefined
    )
  }
}

function parseEnforce(
  issues: Issues,
  value: unknown,
  names: readonly string[],
): ReadonlySet<string> {
  if (value === undefined) return new Set()

  const list: unknown[] = Array.isArray(value) ? value : [value]
  for (const name of list) {
    if (typeof name === 'string' && names.includes(name)) continue
    const meant = typeof name === 'string' && nearestKey(name, names)
    issues.add(
      'enforce',
      `must be a list of options that are headers${meant ? `; did you mean ${meant}?` : ''}`,
    )
  }

  return new Set(list as string[])
}
