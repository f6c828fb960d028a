/**
 * Parses the csrf rules for single routes: origins that a route trusts, and routes that are exempt from the
 * check. `policy.ts` calls it while building, and `check.ts` builds the same keys to look a request up. An invalid
 * rule is reported as an issue. Rules match whole paths only, so a rule does not cover paths below its path.
 */

import type { Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { parseOrigins } from './origins.ts'

/** A route that is not checked because browsers do not call it, such as a webhook with a signature. */
export interface ExemptRule {
  /** The whole path: `/hooks/stripe` does not cover `/hooks/stripe/` or `/hooks/stripe/x`. */
  readonly path: string
  /**
   * Methods in upper case.
   *
   * @default ['POST']
   */
  readonly methods?: readonly string[]
}

/** A route to which pages of other origins may send requests, such as the return from a sign-in or a payment. */
export interface TrustRule extends ExemptRule {
  /** Origins as browsers send them, such as `https://pay.example.com`. */
  readonly origins: readonly string[]
}

/** Returns the key of a rule. It is unambiguous because methods contain no spaces. */
export function ruleKey(method: string, requestPath: string): string {
  return `${method} ${requestPath}`
}

/** Parses `exempt` to the keys of exempt routes. */
export function parseExempt(optionValue: unknown, issues: Issues): readonly string[] {
  return [...parseRules(optionValue, issues, ['path', 'methods'], () => true).keys()]
}

/** Parses `trust` to the origins that each route trusts. */
export function parseTrust(
  optionValue: unknown,
  issues: Issues,
): ReadonlyArray<{ readonly route: string; readonly origins: readonly string[] }> {
  const rules = parseRules(
    optionValue,
    issues,
    ['path', 'methods', 'origins'],
    ({ origins }: Partial<TrustRule>, ruleIssues) => {
      const parsedOrigins = parseOrigins(origins, ruleIssues.at('origins'))
      if (Array.isArray(origins) && origins.length === 0)
        ruleIssues.add('origins', 'must contain at least one origin')
      return parsedOrigins
    },
  )

  return [...rules].map(([route, origins]) => ({ route, origins }))
}

function parseRules<T>(
  optionValue: unknown,
  issues: Issues,
  keys: readonly string[],
  parseRule: (rule: object, issues: Issues) => T,
): Map<string, T> {
  const rules = new Map<string, T>()
  if (optionValue === undefined) return rules

  if (!Array.isArray(optionValue)) {
    issues.add('', 'must be a list of rules')
    return rules
  }

  for (const [index, rule] of optionValue.entries()) {
    const ruleIssues = issues.at(String(index))
    checkKeys(ruleIssues, rule, keys)
    if (typeof rule !== 'object' || rule === null) continue

    const parsedRule = parseRule(rule, ruleIssues)
    for (const key of parseRoutes(rule, ruleIssues)) {
      if (rules.has(key)) ruleIssues.add('', `duplicates another rule for ${key}`)
      rules.set(key, parsedRule)
    }
  }

  return rules
}

/** Lists the keys of the routes that a rule covers, one for each method. */
function parseRoutes({ path, methods = ['POST'] }: Partial<ExemptRule>, issues: Issues): string[] {
  if (!isPath(path))
    issues.add('path', 'must be a whole path such as /hooks/stripe: no pattern, no query')

  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isMethod)) {
    issues.add('methods', 'must be a list of methods in upper case')
    return []
  }

  return methods.map((method: string) => ruleKey(method, String(path)))
}

/** A segment of a request path. A pattern (`:id`, `*`) or a dot segment would never match and is rejected. */
const segment = /^(?!:|\.{1,2}$)[\w.~!$&'()+,;=:@%-]+$/

function isPath(path: unknown): boolean {
  if (typeof path !== 'string' || !path.startsWith('/')) return false
  const segments = path.slice(1).split('/')
  return segments.every(
    (text, index) => segment.test(text) || (text === '' && index === segments.length - 1),
  )
}

function isMethod(method: unknown): boolean {
  return typeof method === 'string' && /^[A-Z][A-Z-]*$/.test(method)
}
