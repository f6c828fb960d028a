/**
 * Validates the prefix of all keys of a store in Redis. `upstash.ts` and `revocations.ts` call it while
 * they are created. A wrong prefix is reported as an issue, and the default is returned.
 */
import type { Issues } from '../../options/index.ts'

/** Validates the prefix of all keys. Default `portcullis:`. */
export function validatePrefix(value: string | undefined, issues: Issues): string {
  if (value === undefined) return 'portcullis:'
  if (typeof value === 'string' && /^[!-~]{1,64}$/.test(value)) return value
  issues.add('prefix', 'must be 1 to 64 printable characters without spaces')
  return 'portcullis:'
}
