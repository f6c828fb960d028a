/**
 * Validates the bounds that every store has: bytes of a record, sessions of a user. Stores call
 * `validateBounds` while building, where a wrong option is an issue, and `validateSize` for each
 * write, which throws `ERR_STORE_TOO_LARGE`.
 */
import { PortcullisError } from '../errors.ts'
import { type Issues, parseWholeNumber } from '../options/index.ts'

/** Bounds that every store of ours has. */
export interface StoreBounds {
  readonly maxPerUser: number
  readonly maxBytes: number
}

/** Judges the two options; 100 sessions and 32,768 bytes where nothing is said. */
export function validateBounds(value: Partial<StoreBounds>, issues: Issues): StoreBounds {
  const sessions = { min: 1, max: 1_000, unit: 'sessions' }
  // Upstash takes requests of 1 MB on its smallest plan.
  const bytes = { min: 1_024, max: 1_000_000, unit: 'bytes' }
  return {
    maxPerUser: parseWholeNumber(issues, 'maxPerUser', value.maxPerUser, sessions) ?? 100,
    maxBytes: parseWholeNumber(issues, 'maxBytes', value.maxBytes, bytes) ?? 32_768,
  }
}

/**
 * Refuses a record of more bytes of UTF-8 than a row may have.
 *
 * @throws {PortcullisError} `ERR_STORE_TOO_LARGE`
 */
export function validateSize(record: string, maxBytes: number): void {
  // A code unit is one to three bytes: most records are measured by their length alone.
  if (record.length * 3 <= maxBytes) return
  const size = record.length > maxBytes ? record.length : new TextEncoder().encode(record).length
  if (size <= maxBytes) return
  throw new PortcullisError(
    'ERR_STORE_TOO_LARGE',
    `A session record of ${size} bytes exceeds maxBytes (${maxBytes}); ` +
      'keep large things elsewhere and their keys here.',
  )
}
