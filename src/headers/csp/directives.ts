/**
 * Parses the directives of a Content-Security-Policy option and serializes them to the header's
 * value. `csp/policies.ts` calls it while header options are compiled. It throws nothing itself: an
 * unknown directive, one that is set twice, an invalid source, and a policy without `default-src`
 * are added to the caller's list of issues.
 */
import { type Issues, nearestKey } from '../../options/index.ts'
import { type CamelCase, toKebabCase } from '../kebab.ts'
import { parseSourceList } from './sources.ts'

const sourceDirectives = [
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
const otherDirectives = [
  'report-uri',
  'report-to',
  'require-trusted-types-for',
  'trusted-types',
] as const
const flagDirectives = ['sandbox', 'upgrade-insecure-requests'] as const

type SourceDirective = (typeof sourceDirectives)[number] | (typeof otherDirectives)[number]
type FlagDirective = (typeof flagDirectives)[number]

/**
 * A directive of CSP Level 3 and related specifications. Directives that browsers have dropped are
 * not included.
 */
export type CspDirective = SourceDirective | FlagDirective

/** The sources of a directive as one text or as a list. */
export type CspSources = string | readonly string[]

/**
 * A policy, with directives in Hono's spelling (`defaultSrc`) or in the header's (`'default-src'`).
 * `default-src` is required, because without it every directive that is absent allows everything;
 * `null` leaves it out on purpose.
 */
export type ContentSecurityPolicy = {
  readonly [Directive in SourceDirective | CamelCase<SourceDirective>]?: CspSources | null
} & {
  readonly [Directive in FlagDirective | CamelCase<FlagDirective>]?: CspSources | true | null
}

/** A validated policy: its directives in order, each with its sources as text. */
export type Directives = ReadonlyMap<string, string>

/** Parses a policy, and adds its problems to the issues. */
export function parseDirectives(issues: Issues, input: object): Directives {
  const knownNames: readonly string[] = [...sourceDirectives, ...otherDirectives, ...flagDirectives]
  const directives = new Map<string, string>()
  const seenNames = new Set<string>()

  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue

    const directiveName = toKebabCase(key)
    if (key === 'directives')
      issues.add(key, 'is not a directive; write its members directly into the policy')
    else if (!knownNames.includes(directiveName))
      issues.add(key, unknownDirective(directiveName, knownNames))
    else if (seenNames.has(directiveName))
      issues.add(key, 'is set twice, in camel case and in kebab case; keep one of them')
    else if (value !== null)
      directives.set(directiveName, parseSources(issues, key, directiveName, value))

    seenNames.add(directiveName)
  }

  if (!seenNames.has('default-src'))
    issues.add('defaultSrc', 'is required; write null to leave it out on purpose')
  else if (directives.size === 0)
    issues.add('', 'has no directive; write false to turn the policy off')

  return directives
}

/** Serializes a policy to the header's value. Returns undefined for a policy without directives. */
export function serializePolicy(policy: Directives): string | undefined {
  return (
    [...policy]
      .map(([directiveName, value]) => (value ? `${directiveName} ${value}` : directiveName))
      .join('; ') || undefined
  )
}

function unknownDirective(directiveName: string, knownNames: readonly string[]): string {
  const suggestion = nearestKey(directiveName, knownNames)
  return `is not a directive${suggestion ? `; did you mean ${suggestion}?` : ''}`
}

function parseSources(
  issues: Issues,
  key: string,
  directiveName: string,
  optionValue: unknown,
): string {
  const isFlag = (flagDirectives as readonly string[]).includes(directiveName)
  if (optionValue === true && isFlag) return ''

  const list = parseSourceList(
    issues,
    key,
    optionValue,
    (sourceDirectives as readonly string[]).includes(directiveName),
  )
  if (list.length > 0) return list.join(' ')

  if (!isFlag && typeof optionValue === 'string')
    issues.add(key, `is empty; write "'none'" to allow nothing`)
  // An empty list allows nothing; 'none' says so explicitly.
  return isFlag ? '' : "'none'"
}
