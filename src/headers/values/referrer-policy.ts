/** Referrer-Policy: how much of an address travels with a request. */
import type { Issues } from '../../options/index.ts'
import { describeChoices } from './token.ts'

const policies = [
  'strict-origin-when-cross-origin',
  'no-referrer',
  'same-origin',
  'strict-origin',
  'origin',
  'origin-when-cross-origin',
  'no-referrer-when-downgrade',
  'unsafe-url',
]

/**
 * A policy, or several of which browsers take the last they know. The default is not no-referrer: with that, browsers
 * send `Origin: null` on a site's own forms, and checks against forged requests lose what they look at.
 */
export function compileReferrerPolicy(issues: Issues, value: unknown): string | undefined {
  if (value === undefined || value === true) return policies[0]
  if (value === false || value === null) return undefined

  const list: unknown[] =
    typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [value]
  const words = list.map((item) =>
    typeof item === 'string' ? item.trim().toLowerCase() : undefined,
  )
  const wrong = words.findIndex((word) => word === undefined || !policies.includes(word))

  if (wrong !== -1 || words.length === 0)
    issues.add('referrerPolicy', describeChoices(words[wrong], policies))
  else if (new Set(words).size < words.length) issues.add('referrerPolicy', 'names a policy twice')

  return words.join(', ')
}
