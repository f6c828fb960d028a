/**
 * Parses the directives of a Content-Security-Policy option and serializes them as the header's
 * value. `policies.ts` calls it while building. An unknown directive or an invalid source is
 * reported as an issue.
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

/** Directives of CSP Level 3 and related specifications, without those that browsers have dropped. */
export type CspDirective = SourceDirective | FlagDirective

/** The sources of a directive as one text or as a list. */
export type CspSources = string | readonly string[]

/**
 * A whole policy, in Hono's spelling (`defaultSrc`) or in the header's (`'default-src'`). `default-src` is required,
 * because without it everything that is not named is allowed; `null` leaves it out on purpose.
 */
export type ContentSecurityPolicy = {
  readonly [Directive in SourceDirective | CamelCase<SourceDirective>]?: CspSources | null
} & {
  readonly [Directive in FlagDirective | CamelCase<FlagDirective>]?: CspSources | true | null
}

/** A validated policy: its directives in order, each with its sources as text. */
export type Directives = ReadonlyMap<string, string>

/** Parses a policy and adds what is wrong with it to the issues. */
export function parseDirectives(issues: Issues, input: object): Directives {
  const knownNames: readonly string[] = [...sourceDirectives, ...otherDirectives, ...flagDirectives]
  const directives = new Map<string, string>()
  const seenNames = new Set<string>()

  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue

    const directiveName = toKebabCase(key)
    if (key === 'directives')
      issues.add(key, 'is no directive; name the directives themselves, without a level between')
    else if (!knownNames.includes(directiveName))
      issues.add(key, unknownDirective(directiveName, knownNames))
    else if (seenNames.has(directiveName)) issues.add(key, 'is set twice, in two spellings')
    else if (value !== null)
      directives.set(directiveName, parseSources(issues, key, directiveName, value))

    seenNames.add(directiveName)
  }

  if (!seenNames.has('default-src'))
    issues.add('defaultSrc', 'is required; null says that it is left out on purpose')
  else if (directives.size === 0) issues.add('', 'holds no directive; false turns the policy off')

  return directives
}

/** The policy as the header's value; undefined for a policy without directives. */
export function serializePolicy(policy: Directives): string | undefined {
  return (
    [...policy]
      .map(([directiveName, value]) => (value ? `${directiveName} ${value}` : directiveName))
      .join('; ') || undefined
  )
}

function unknownDirective(directiveName: string, knownNames: readonly string[]): string {
  const suggestion = nearestKey(directiveName, knownNames)
  return `is no directive${suggestion ? `; did you mean ${suggestion}?` : ''}`
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

  if (!isFlag && typeof optionValue === 'string') issues.add(key, 'is empty')
  // An empty list allows nothing; 'none' says so explicitly.
  return isFlag ? '' : "'none'"
}
