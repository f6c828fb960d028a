/** Referrer-Policy: how much of an address travels with a request. */
import type { Faults } from '../options/index.ts'
import { problem } from './token.ts'

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
export function referrerPolicy(faults: Faults, given: unknown): string | undefined {
  if (given === undefined || given === true) return policies[0]
  if (given === false || given === null) return undefined
  const list: unknown[] = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : [given]
  const words = list.map((item) => (typeof item === 'string' ? item.trim().toLowerCase() : undefined))
  const wrong = words.findIndex((word) => word === undefined || !policies.includes(word))
  if (wrong !== -1 || words.length === 0) faults.add('referrerPolicy', problem(words[wrong], policies))
  else if (new Set(words).size < words.length) faults.add('referrerPolicy', 'names a policy twice')
  return words.join(', ')
}
