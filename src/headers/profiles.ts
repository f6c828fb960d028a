/** Which headers each kind of response gets, worked out once. */
import { checkKeys, type Faults } from '../options/index.ts'
import { embedderPolicy, openerPolicy, resourcePolicy } from './cross-origin.ts'
import { strictTransportSecurity } from './hsts.ts'
import type { ResponseKind } from './kind.ts'
import { type HeaderOptions, optionNames } from './options.ts'
import { permissionsPolicy } from './permissions-policy.ts'
import { policies } from './policies.ts'
import { referrerPolicy } from './referrer-policy.ts'
import {
  contentTypeOptions,
  crossDomainPolicies,
  dnsPrefetchControl,
  downloadOptions,
  originAgentCluster,
  xssProtection,
} from './simple.ts'

/** One header to set: its lower-case name, its value, and the bit that stands for it while a response is looked at. */
export interface Row {
  readonly name: string
  readonly value: string
  readonly bit: number
}

/** The headers of one kind: over plain http or for a host that cannot be pinned, and over https on a name. */
export interface Profile {
  readonly plain: readonly Row[]
  readonly secure: readonly Row[]
}

/** The headers of every kind, and the names that occur in any. */
export interface Profiles {
  readonly of: Readonly<Record<ResponseKind, Profile>>
  /** Lower-case name to bit. */
  readonly bits: ReadonlyMap<string, number>
  /** Bits of headers that may hold one value only: two of them joined by a comma mean nothing to a browser. */
  readonly single: number
}

type Value = string | undefined | ((kind: ResponseKind, secure: boolean) => string | undefined)
type Definition = readonly [name: string, kinds: readonly ResponseKind[], value: Value]

const content: readonly ResponseKind[] = ['document', 'script', 'svg', 'media', 'asset', 'api', 'redirect']
/** A 304 says only what holds for every response: a cache writes the rest over what the page itself came with. */
const all: readonly ResponseKind[] = [...content, 'not-modified']
const lists = ['referrer-policy', 'content-security-policy', 'permissions-policy']

/** Judges the options and lays out the headers of every kind. */
export function profiles(faults: Faults, options: HeaderOptions): Profiles {
  checkKeys(faults, options, optionNames)
  // Own members only: what a polluted prototype says is no option.
  const given: HeaderOptions = { ...options }
  const csp = policies(faults, given.contentSecurityPolicy, given.xFrameOptions)
  const hsts = strictTransportSecurity(faults, given.strictTransportSecurity)
  const definitions: readonly Definition[] = [
    ['strict-transport-security', all, (_, secure) => (secure ? hsts : undefined)],
    ['x-content-type-options', all, contentTypeOptions(faults, given.xContentTypeOptions)],
    ['referrer-policy', content, referrerPolicy(faults, given.referrerPolicy)],
    ['x-frame-options', content, csp.framing.header],
    ['cross-origin-resource-policy', content, resourcePolicy(faults, given.crossOriginResourcePolicy)],
    ['content-security-policy', content, (kind, secure) => csp.of(kind)[secure ? 'secure' : 'plain']],
    // Each hop of a redirect counts: one without the policy would part a window from its opener for good.
    ['cross-origin-opener-policy', ['document', 'redirect'], openerPolicy(faults, given.crossOriginOpenerPolicy)],
    ['cross-origin-embedder-policy', ['document', 'script'], embedderPolicy(faults, given.crossOriginEmbedderPolicy)],
    ['origin-agent-cluster', ['document'], originAgentCluster(faults, given.originAgentCluster)],
    ['x-dns-prefetch-control', ['document'], dnsPrefetchControl(faults, given.xDnsPrefetchControl)],
    ['permissions-policy', ['document'], permissionsPolicy(faults, given.permissionsPolicy)],
    ['x-xss-protection', content, xssProtection(faults, given.xXssProtection)],
    ['x-download-options', content, downloadOptions(faults, given.xDownloadOptions)],
    ['x-permitted-cross-domain-policies', content, crossDomainPolicies(faults, given.xPermittedCrossDomainPolicies)],
  ]
  const bits = new Map(definitions.map(([name], index) => [name, 1 << index]))
  const rows = (kind: ResponseKind, secure: boolean): Row[] => {
    const made: Row[] = []
    for (const [name, kinds, value] of definitions) {
      const text = typeof value === 'function' ? value(kind, secure) : value
      if (kinds.includes(kind) && text) made.push({ name, value: text, bit: bits.get(name) ?? 0 })
    }
    return made
  }
  const of = Object.create(null) as Record<ResponseKind, Profile>
  for (const kind of all) of[kind] = { plain: rows(kind, false), secure: rows(kind, true) }
  let single = 0
  for (const [name, bit] of bits) if (!lists.includes(name)) single |= bit
  return { of, bits, single }
}
