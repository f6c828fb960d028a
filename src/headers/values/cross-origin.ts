/**
 * Compiles Cross-Origin-Opener-Policy, -Resource-Policy and -Embedder-Policy. The table in
 * `compile/definitions.ts` calls it while building. An invalid value, or one that contradicts
 * `crossOriginIsolated`, is reported as an issue.
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
 * Compiles Cross-Origin-Embedder-Policy. It is off by default, because it breaks every image and frame of other sites that
 * do not opt in.
 *
 * @param isolation - the option crossOriginIsolated, which overrides the value.
 */
export function compileEmbedderPolicy(
  issues: Issues,
  optionValue: unknown,
  isolation: unknown,
): string | undefined {
  const choices = { choices: embedderPolicies, absent: undefined, on: 'require-corp' }
  const own = parseToken(issues, 'crossOriginEmbedderPolicy', optionValue, choices)
  const isolated = parseToken(issues, 'crossOriginIsolated', isolation, {
    ...choices,
    choices: ['require-corp', 'credentialless'],
  })

  return isolated ?? own
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
    issues.add('crossOriginOpenerPolicy', 'must be same-origin with crossOriginIsolated')
  if (embedder !== undefined)
    issues.add('crossOriginEmbedderPolicy', 'conflicts with crossOriginIsolated; set only one')
}
