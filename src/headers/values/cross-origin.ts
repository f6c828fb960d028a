/**
 * Compiles the values of Cross-Origin-Opener-Policy, -Resource-Policy and -Embedder-Policy. The
 * table in `compile/definitions.ts` calls it while header options are compiled. It throws nothing
 * itself: an invalid value, or one that contradicts the option `crossOriginIsolated`, is added to
 * the caller's list of issues.
 */
import type { Issues } from '../../options/index.ts'
import { parseToken } from './token.ts'

const openerPolicies = [
  'same-origin',
  'same-origin-allow-popups',
  'noopener-allow-popups',
  'unsafe-none',
]
const resourcePolicies = ['same-origin', 'same-site', 'cross-origin']
const embedderPolicies = ['require-corp', 'credentialless', 'unsafe-none']

/** Compiles Cross-Origin-Opener-Policy: windows of other origins cannot access this one. Default same-origin. */
export function compileOpenerPolicy(issues: Issues, optionValue: unknown): string | undefined {
  const choices = { choices: openerPolicies, absent: 'same-origin', on: 'same-origin' }
  return parseToken(issues, 'crossOriginOpenerPolicy', optionValue, choices)
}

/** Compiles Cross-Origin-Resource-Policy: other origins cannot embed this response. Default same-origin. */
export function compileResourcePolicy(issues: Issues, optionValue: unknown): string | undefined {
  const choices = { choices: resourcePolicies, absent: 'same-origin', on: 'same-origin' }
  return parseToken(issues, 'crossOriginResourcePolicy', optionValue, choices)
}

/**
 * Compiles Cross-Origin-Embedder-Policy. It is off by default, because it blocks every image and
 * frame of other sites that does not consent to being embedded.
 *
 * @param isolation - the option crossOriginIsolated, which overrides the value.
 */
export function compileEmbedderPolicy(
  issues: Issues,
  optionValue: unknown,
  isolation: unknown,
): string | undefined {
  const choices = { choices: embedderPolicies, absent: undefined, on: 'require-corp' }
  const embedderPolicy = parseToken(issues, 'crossOriginEmbedderPolicy', optionValue, choices)
  const isolationPolicy = parseToken(issues, 'crossOriginIsolated', isolation, {
    ...choices,
    choices: ['require-corp', 'credentialless'],
  })

  return isolationPolicy ?? embedderPolicy
}

/** Adds an issue for options that contradict isolation, which browsers grant only with these values. */
export function checkIsolation(
  issues: Issues,
  isolation: boolean,
  opener: string | undefined,
  embedder: unknown,
): void {
  if (!isolation) return
  if (opener !== 'same-origin')
    issues.add(
      'crossOriginOpenerPolicy',
      "must be 'same-origin' or left out with crossOriginIsolated",
    )
  if (embedder !== undefined)
    issues.add(
      'crossOriginEmbedderPolicy',
      'contradicts crossOriginIsolated, which sets the same header; set only one of them',
    )
}
