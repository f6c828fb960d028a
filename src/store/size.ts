/**
 * Validates the two limits that every store has: the bytes of a record and the sessions of a user.
 * The stores call `validateBounds` while they are created, where a wrong option becomes an issue, and
 * `validateSize` before each write, which throws `ERR_STORE_TOO_LARGE`.
 */
import { PortcullisError } from '../errors.ts'
import { type Issues, parseWholeNumber } from '../options/index.ts'

/** The limits that every store of this library has. */
export interface StoreBounds {
  readonly maxPerUser: number
  readonly maxBytes: number
}

/** Validates the two options. The defaults are 100 sessions and 32,768 bytes. */
export function validateBounds(value: Partial<StoreBounds>, issues: Issues): StoreBounds {
  const sessions = { min: 1, max: 1_000, unit: 'sessions' }
  // Upstash accepts requests of up to 1 MB on its smallest plan.
  const bytes = { min: 1_024, max: 1_000_000, unit: 'bytes' }
  return {
    maxPerUser: parseWholeNumber(issues, 'maxPerUser', value.maxPerUser, sessions) ?? 100,
    maxBytes: parseWholeNumber(issues, 'maxBytes', value.maxBytes, bytes) ?? 32_768,
  }
}

/**
 * Rejects a record of more than `maxBytes` bytes in UTF-8.
 *
 * @throws {PortcullisError} `ERR_STORE_TOO_LARGE`
 */
export function validateSize(record: string, maxBytes: number): void {
  // A UTF-16 code unit has at most three bytes in UTF-8, so the length alone accepts most records.
  if (record.length * 3 <= maxBytes) return
  const size = record.length > maxBytes ? record.length : new TextEncoder().encode(record).length
  if (size <= maxBytes) return
  throw new PortcullisError(
    'ERR_STORE_TOO_LARGE',
    `A session record of ${size} bytes exceeds maxBytes (${maxBytes}); ` +
      'store large values elsewhere.',
  )
}
