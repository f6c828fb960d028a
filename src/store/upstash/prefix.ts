/**
 * Validates the prefix of every key of a store in Redis. The store and the revocations call it
 * while building. A wrong prefix is reported as an issue.
 */
import type { Issues } from '../../options/index.ts'

/** Validates what every key begins with. Default `portcullis:`. */
export function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis:'
  if (typeof value === 'string' && /^[!-~]{1,64}$/.test(value)) return value
  issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
