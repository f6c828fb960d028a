/** Which headers each kind of response gets, worked out once. */
import { checkKeys, type Faults, nearest } from '../options/index.ts'
import { checkIsolation, embedderPolicy, openerPolicy, resourcePolicy } from './cross-origin.ts'
import { strictTransportSecurity } from './hsts.ts'
import { kebab } from './kebab.ts'
import type { ResponseKind } from './kind.ts'
import { NONCE } from './nonce.ts'
import { type HeaderOption, type HeaderOptions, otherOptions } from './options.ts'
import { permissionsPolicy } from './permissions-policy.ts'
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

/** One header to set. */
export interface Row {
  /** In lower case. */
  readonly name: string
  readonly value: string
  /** Stands for the name while a response is looked at; 0 where it does not matter whether it is there. */
  readonly bit: number
  /** The value around the nonce, where it has one. */
  readonly parts: readonly string[] | undefined
  /** The value where the response allows other origins to read it (CORS), if that is another. */
  readonly shared: string | undefined
}

/** The headers of one kind: over plain http or for a host that cannot be pinned, and over https on a name. */
export interface Profile {
  readonly plain: readonly Row[]
  readonly secure: readonly Row[]
  /** Whether any of them holds a nonce. */
  readonly nonced: boolean
}

/** The headers of every kind, and the names that occur in any. */
export interface Profiles {
  readonly of: Readonly<Record<ResponseKind, Profile>>
  /** Lower-case name to bit; 0: the header is taken away. */
  readonly bits: ReadonlyMap<string, number>
  /** Bits of headers that may hold one value only: two of them joined by a comma mean nothing to a browser. */
  readonly single: number
  /** What policies end with so that something is reported; '' where nothing is. */
  readonly reports: string
}

type Value = string | undefined | ((kind: ResponseKind, secure: boolean) => string | undefined)
type Definition = readonly [option: HeaderOption, kinds: readonly ResponseKind[], value: Value]

const content: readonly ResponseKind[] = ['document', 'script', 'svg', 'media', 'asset', 'api', 'redirect']
/** A 304 says only what holds for every response: a cache writes the rest over what the page itself came with. */
const all: readonly ResponseKind[] = [...content, 'not-modified']
const lists = ['referrerPolicy', 'permissionsPolicy', 'reportingEndpoints', 'cacheControl']

/** Judges the options and lays out the headers of every kind. */
export function profiles(faults: Faults, options: HeaderOptions): Profiles {
  // Own members only: what a polluted prototype says is no option.
  const given: HeaderOptions = { ...options }
  const reports = reporting(faults, given.reporting, given.reportingEndpoints)
  const csp = policies(faults, given, reports)
  const hsts = strictTransportSecurity(faults, given.strictTransportSecurity)
  const opener = openerPolicy(faults, given.crossOriginOpenerPolicy)
  const { crossOriginIsolated: isolated, crossOriginEmbedderPolicy: embeds } = given
  checkIsolation(faults, isolated !== undefined && isolated !== false, opener, embeds)
  const definitions: readonly Definition[] = [
    ['strictTransportSecurity', all, (_, secure) => (secure ? hsts : undefined)],
    ['xContentTypeOptions', all, contentTypeOptions(faults, given.xContentTypeOptions)],
    ['referrerPolicy', content, referrerPolicy(faults, given.referrerPolicy)],
    ['xFrameOptions', content, csp.framing.header],
    ['crossOriginResourcePolicy', content, resourcePolicy(faults, given.crossOriginResourcePolicy)],
    ['contentSecurityPolicy', content, (kind, secure) => csp.of(kind)[secure ? 'secure' : 'plain']],
    ['contentSecurityPolicyReportOnly', ['document'], (_, secure) => csp.reported[secure ? 'secure' : 'plain']],
    ['reportingEndpoints', ['document'], reports.header],
    // Each hop of a redirect counts: one without the policy would part a window from its opener for good.
    ['crossOriginOpenerPolicy', ['document', 'redirect'], opener],
    ['crossOriginEmbedderPolicy', ['document', 'script'], embedderPolicy(faults, embeds, isolated)],
    ['originAgentCluster', ['document'], originAgentCluster(faults, given.originAgentCluster)],
    ['xDnsPrefetchControl', ['document'], dnsPrefetchControl(faults, given.xDnsPrefetchControl)],
    ['permissionsPolicy', ['document'], permissionsPolicy(faults, given.permissionsPolicy)],
    ['xXssProtection', content, xssProtection(faults, given.xXssProtection)],
    ['xDownloadOptions', content, downloadOptions(faults, given.xDownloadOptions)],
    ['xPermittedCrossDomainPolicies', content, crossDomainPolicies(faults, given.xPermittedCrossDomainPolicies)],
    ['cacheControl', ['document', 'api'], cacheControl(faults, given.cacheControl)],
  ]
  const names = definitions.map(([option]) => option)
  checkKeys(faults, options, [...names, ...otherOptions])
  const enforced = enforce(faults, given.enforce, names)
  const shared = given.crossOriginResourcePolicy === undefined || given.crossOriginResourcePolicy === true
  const rows = (kind: ResponseKind, secure: boolean): Row[] =>
    definitions.flatMap(([option, kinds, value], index): Row[] => {
      const text = typeof value === 'function' ? value(kind, secure) : value
      if (!kinds.includes(kind) || !text) return []
      return [
        {
          // Each option is called as its header is.
          name: kebab(option),
          value: text,
          bit: enforced.has(option) ? 0 : 1 << index,
          parts: text.includes(NONCE) ? text.split(NONCE) : undefined,
          shared: option === 'crossOriginResourcePolicy' && shared ? 'cross-origin' : undefined,
        },
      ]
    })
  const of = Object.create(null) as Record<ResponseKind, Profile>
  for (const kind of all) {
    const plain = rows(kind, false)
    of[kind] = { plain, secure: rows(kind, true), nonced: plain.some(({ parts }) => parts) }
  }
  const bits = new Map(names.map((name, i) => [kebab(name), given[name] === null ? 0 : 1 << i]))
  let single = 0
  for (const [i, name] of names.entries()) if (!lists.includes(name) && !name.startsWith('content')) single |= 1 << i
  return { of, bits, single, reports: reports.directives.map(([name, value]) => `; ${name} ${value}`).join('') }
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
