/**
 * Compiles the value of Referrer-Policy, which says how much of a page's URL browsers send with
 * requests. The table in `compile/definitions.ts` calls it while header options are compiled. It
 * throws nothing itself: an unknown policy, and one that is listed twice, is added to the caller's
 * list of issues.
 */
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
 * Returns one policy, or several, of which browsers use the last that they support. The default is
 * not no-referrer: with it, browsers send `Origin: null` with a site's own forms, which CSRF checks
 * could not distinguish from forged requests.
 */
export function compileReferrerPolicy(issues: Issues, optionValue: unknown): string | undefined {
  if (optionValue === undefined || optionValue === true) return policies[0]
  if (optionValue === false || optionValue === null) return undefined

  const list: unknown[] =
    typeof optionValue === 'string'
      ? optionValue.split(',')
      : Array.isArray(optionValue)
        ? optionValue
        : [optionValue]
  const names = list.map((listItem) =>
    typeof listItem === 'string' ? listItem.trim().toLowerCase() : undefined,
  )
  const unknownIndex = names.findIndex((word) => word === undefined || !policies.includes(word))

  if (unknownIndex !== -1 || names.length === 0)
    issues.add('referrerPolicy', describeChoices(names[unknownIndex], policies))
  else if (new Set(names).size < names.length)
    issues.add('referrerPolicy', 'must not contain a policy twice')

  return names.join(', ')
}
