/** Content-Security-Policy as an app writes it: directives in, one line of text out. */
import { type Issues, nearestKey } from '../../options/index.ts'
import { type CamelCase, toKebabCase } from '../kebab.ts'
import { parseSourceList } from './sources.ts'

const fetching = [
  'default-src',
  'script-src',
  'script-src-elem',
  'script-src-attr',
  'style-src',
  'style-src-elem',
  'style-src-attr',
  'img-src',
  'font-src',
  'connect-src',
  'media-src',
  'object-src',
  'frame-src',
  'child-src',
  'fenced-frame-src',
  'worker-src',
  'manifest-src',
  'base-uri',
  'form-action',
  'frame-ancestors',
] as const
const other = ['report-uri', 'report-to', 'require-trusted-types-for', 'trusted-types'] as const
const bare = ['sandbox', 'upgrade-insecure-requests'] as const

type ListDirective = (typeof fetching)[number] | (typeof other)[number]
type BareDirective = (typeof bare)[number]

/** Directives of CSP Level 3 and its neighbours; what browsers have dropped is not among them. */
export type CspDirective = ListDirective | BareDirective

/** Sources as one text or as a list. */
export type CspSources = string | readonly string[]

/**
 * A whole policy, in Hono's spelling (`defaultSrc`) or in the header's (`'default-src'`). `default-src` is required, as
 * what is not named is allowed without it; `null` says that it is left out on purpose.
 */
export type ContentSecurityPolicy = {
  readonly [Directive in ListDirective | CamelCase<ListDirective>]?: CspSources | null
} & {
  readonly [Directive in BareDirective | CamelCase<BareDirective>]?: CspSources | true | null
}

/** A policy that was judged: directives in their order, each with its sources as text. */
export type Directives = ReadonlyMap<string, string>

/** Judges a policy and notes what is wrong with it. */
export function parseDirectives(issues: Issues, input: object): Directives {
  const known: readonly string[] = [...fetching, ...other, ...bare]
  const made = new Map<string, string>()
  const seen = new Set<string>()

  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue

    const name = toKebabCase(key)
    if (key === 'directives')
      issues.add(key, 'is no directive; name the directives themselves, without a level between')
    else if (!known.includes(name)) issues.add(key, unknownDirective(name, known))
    else if (seen.has(name)) issues.add(key, 'is given twice, in two spellings')
    else if (value !== null) made.set(name, parseSources(issues, key, name, value))

    seen.add(name)
  }

  if (!seen.has('default-src'))
    issues.add('defaultSrc', 'is required; null says that it is left out on purpose')
  else if (made.size === 0) issues.add('', 'holds no directive; false turns the policy off')

  return made
}

/** The policy as the header's value; undefined where there is nothing to say. */
export function serializePolicy(policy: Directives): string | undefined {
  return (
    [...policy].map(([name, value]) => (value ? `${name} ${value}` : name)).join('; ') || undefined
  )
}

function unknownDirective(name: string, known: readonly string[]): string {
  const meant = nearestKey(name, known)
  return `is no directive${meant ? `; did you mean ${meant}?` : ''}`
}

function parseSources(issues: Issues, key: string, name: string, value: unknown): string {
  const isBare = (bare as readonly string[]).includes(name)
  if (value === true && isBare) return ''

  const list = parseSourceList(issues, key, value, (fetching as readonly string[]).includes(name))
  if (list.length > 0) return list.join(' ')

  if (!isBare && typeof value === 'string') issues.add(key, 'is empty')
  // An empty list allows nothing; said so, nobody has to know.
  return isBare ? '' : "'none'"
}
