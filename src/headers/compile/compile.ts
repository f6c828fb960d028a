/**
 * Validates header options and computes which headers each kind of response gets. The result is
 * plain data, from which a writer is created. `headerWriter()`, layers of `secureHeaders()` and
 * `compileHeaders()` call it, once for each set of options. It throws nothing itself: an invalid or
 * unknown option is added to the caller's list of issues, and the caller must end with
 * `issues.throwIfAny()`.
 */
import { checkKeys, type Issues, nearestKey } from '../../options/index.ts'
import {
  appendBit,
  besidePolicyBit,
  type CompiledHeader,
  type CompiledHeaders,
  enforcedBit,
  formatVersion,
  sharedBit,
} from '../compiled-format.ts'
import { parsePlaceholder } from '../csp/placeholder.ts'
import { compilePolicies, type Policies } from '../csp/policies.ts'
import { toKebabCase } from '../kebab.ts'
import { kindCount, type ResponseKind, responseKinds } from '../kind.ts'
import { type HeaderOptions, otherOptions } from '../options.ts'
import { compileReporting, type Reporting } from '../values/reporting.ts'
import { defineHeaders, type HeaderDefinition } from './definitions.ts'
import { compileStripList } from './strip-list.ts'

/** The headers that may have several values, in addition to the content policies. */
const listHeaders = ['referrerPolicy', 'permissionsPolicy', 'reportingEndpoints', 'cacheControl']

/** Compiles options to which a preset has already been applied. */
export function compileHeaderOptions(issues: Issues, input: HeaderOptions): CompiledHeaders {
  // Only own members are copied, so that a polluted prototype cannot set options.
  const options: HeaderOptions = { ...input }
  const reporting = compileReporting(issues, options.reporting, options.reportingEndpoints)
  const policies = compilePolicies(issues, options, reporting)
  const definitions = defineHeaders(issues, options, policies, reporting)

  const names = definitions.map(({ option }) => option)
  checkKeys(issues, input, [...names, ...otherOptions])
  const enforcedNames = parseEnforce(issues, options.enforce, names)
  const headers = definitions.flatMap((definition) => {
    const flags = combineFlags(definition, options, enforcedNames)
    return compileHeader(definition, (responseKind) =>
      isCoveredByPolicy(definition, responseKind, options, policies)
        ? flags | besidePolicyBit
        : flags,
    )
  })

  const nullOptions = names.filter((name) => options[name] === null).map(toKebabCase)
  const placeholder = parsePlaceholder(issues, options.noncePlaceholder)
  const strip = [
    ...compileStripList(issues, options.strip, options.removePoweredBy),
    ...nullOptions,
  ]
  const replacesPagePolicy =
    reporting.directives.length > 0 ||
    policies.reported.secure !== undefined ||
    enforcedNames.has('contentSecurityPolicy')

  return {
    version: formatVersion,
    headers,
    strip: strip.join(' '),
    ...(placeholder !== undefined && { placeholder }),
    ...(replacesPagePolicy && { pages: compilePagePolicies(reporting) }),
  }
}

/** Computes which responses get which value of a header. Each different value gives one entry. */
function compileHeader(
  { option, kinds, value }: HeaderDefinition,
  flagsFor: (responseKind: ResponseKind) => number,
): CompiledHeader[] {
  const entries = new Map<string, { name: string; value: string; where: number; how: number }>()

  for (const [index, responseKind] of responseKinds.entries()) {
    if (!kinds.includes(responseKind)) continue
    const how = flagsFor(responseKind)

    for (const secure of [false, true]) {
      const text = typeof value === 'function' ? value(responseKind, secure) : value
      if (!text) continue

      // An option has the name of its header in camel case.
      const key = `${how} ${text}`
      const entry = entries.get(key) ?? { name: toKebabCase(option), value: text, where: 0, how }
      entry.where |= 1 << (secure ? index + kindCount : index)
      entries.set(key, entry)
    }
  }

  return [...entries.values()]
}

/** Returns the flags of a header that apply to every kind of response. */
function combineFlags(
  { option }: HeaderDefinition,
  options: HeaderOptions,
  enforcedNames: ReadonlySet<string>,
): number {
  const isList = listHeaders.includes(option) || option.startsWith('content')
  const followsCors = option === 'crossOriginResourcePolicy' && (options[option] ?? true) === true

  return (
    (enforcedNames.has(option) ? enforcedBit : 0) |
    (isList ? appendBit : 0) |
    (followsCors ? sharedBit : 0)
  )
}

/**
 * Reports whether X-Frame-Options is unnecessary beside the response's policy: a browser that
 * supports frame-ancestors ignores it (CSP Level 3 section 6.4.2.2).
 */
function isCoveredByPolicy(
  { option }: HeaderDefinition,
  responseKind: ResponseKind,
  options: HeaderOptions,
  policies: Policies,
): boolean {
  return (
    option === 'xFrameOptions' &&
    responseKind !== 'document' &&
    options.xFrameOptions === undefined &&
    policies.forKind(responseKind).plain !== undefined
  )
}

/** Returns the directives that report violations, for the policies of the library's own pages. */
function compilePagePolicies({ directives }: Reporting): NonNullable<CompiledHeaders['pages']> {
  const append = (secure: boolean): string =>
    directives
      .map(([name, value]) => (secure || name !== 'report-to' ? `; ${name} ${value}` : ''))
      .join('')

  return {
    reporting: append(true),
    plain: append(false),
  }
}

function parseEnforce(
  issues: Issues,
  optionValue: unknown,
  names: readonly string[],
): ReadonlySet<string> {
  if (optionValue === undefined) return new Set()

  const list: unknown[] = Array.isArray(optionValue) ? optionValue : [optionValue]
  for (const name of list) {
    if (typeof name === 'string' && names.includes(name)) continue
    const suggestion = typeof name === 'string' && nearestKey(name, names)
    issues.add(
      'enforce',
      "must be a list of names of header options, such as ['xFrameOptions']" +
        (suggestion ? `; did you mean ${suggestion}?` : ''),
    )
  }

  return new Set(list as string[])
}
