/** Rules for single routes: whom they trust, and which are not guarded at all. */

import type { Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { parseOrigins } from './origins.ts'

/** A route that needs no check, since nothing about a browser makes its requests: a webhook with a signature of its own. */
export interface ExemptRule {
  /** The whole path, exactly: `/hooks/stripe` covers neither `/hooks/stripe/` nor `/hooks/stripe/x`. */
  readonly path: string
  /** In upper case. Default `['POST']`. */
  readonly methods?: readonly string[]
}

/** A route that pages of other origins may send to: the way back from a sign-in or a payment. */
export interface TrustRule extends ExemptRule {
  /** Origins as browsers send them. */
  readonly origins: readonly string[]
}

/** What a rule is found by. Methods hold no space. */
export function ruleKey(method: string, path: string): string {
  return `${method} ${path}`
}

/** Judges `exempt`: the routes that are. */
export function parseExempt(value: unknown, issues: Issues): readonly string[] {
  return [...parseRules(value, issues, ['path', 'methods'], () => true).keys()]
}

/** Judges `trust`: whom each route trusts. */
export function parseTrust(
  value: unknown,
  issues: Issues,
): ReadonlyArray<{ readonly route: string; readonly origins: readonly string[] }> {
  const rules = parseRules(
    value,
    issues,
    ['path', 'methods', 'origins'],
    ({ origins }: Partial<TrustRule>, at) => {
      const list = parseOrigins(origins, at.at('origins'))
      if (Array.isArray(origins) && origins.length === 0)
        at.add('origins', 'must hold at least one origin')
      return list
    },
  )

  return [...rules].map(([route, origins]) => ({ route, origins }))
}

function parseRules<T>(
  value: unknown,
  issues: Issues,
  keys: readonly string[],
  make: (rule: object, issues: Issues) => T,
): Map<string, T> {
  const rules = new Map<string, T>()
  if (value === undefined) return rules

  if (!Array.isArray(value)) issues.add('', 'must be a list of rules')
  else
    for (const [index, rule] of value.entries()) {
      const at = issues.at(String(index))
      checkKeys(at, rule, keys)
      if (typeof rule !== 'object' || rule === null) continue

      const { path, methods = ['POST'] } = rule as Partial<ExemptRule>
      const made = make(rule, at)

      if (!isPath(path))
        at.add('path', 'must be a whole path such as /hooks/stripe: no pattern, no query')
      if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isMethod)) {
        at.add('methods', 'must be a list of methods in upper case')
      } else
        for (const method of methods as string[]) {
          const key = ruleKey(method, String(path))
          if (rules.has(key)) at.add('', `is the second rule for ${method} of its path`)
          rules.set(key, made)
        }
    }

  return rules
}

/** One segment as requests have it. A pattern (`:id`, `*`) or a dot segment would never match: better said now. */
const segment = /^(?!:|\.{1,2}$)[\w.~!$&'()+,;=:@%-]+$/

function isPath(path: unknown): boolean {
  if (typeof path !== 'string' || !path.startsWith('/')) return false
  const segments = path.slice(1).split('/')
  return segments.every(
    (text, at) => segment.test(text) || (text === '' && at === segments.length - 1),
  )
}

function isMethod(method: unknown): boolean {
  return typeof method === 'string' && /^[A-Z][A-Z-]*$/.test(method)
}
