/**
 * Parses the replies of Redis scripts and Postgres functions into answers of the store contract.
 * `upstash.ts`, `upstash/revocations.ts` and `postgres.ts` call it for each verb. A reply of another form
 * throws `ERR_STORE_REFUSED`, and never counts as a session that does not exist.
 */
import { PortcullisError } from '../errors.ts'
import type { Conflict, Found, Gone, Replaced, Rotated } from './contract.ts'

/** Parses the reply to a read. */
export function parseReadReply(reply: unknown): Found | Gone {
  const [is, ...rest] = toTexts(reply)
  return is === 'found' ? { is, ...toRow(rest) } : toGone(is)
}

/** Parses the reply to a create. */
export function parseCreateReply(reply: unknown): { is: 'ok' | 'taken' } {
  const [is] = toTexts(reply)
  return is === 'ok' || is === 'taken' ? { is } : throwUnexpectedReply()
}

/** Parses the reply to a replace. */
export function parseReplaceReply(reply: unknown): Replaced {
  const [is, version, ...rest] = toTexts(reply)
  if (is === 'ok' && version !== undefined) return { is, version }
  return is === 'conflict' ? toConflict([version, ...rest]) : toGone(is)
}

/** Parses the reply to a rotate. */
export function parseRotateReply(reply: unknown): Rotated {
  const [is, ...rest] = toTexts(reply)
  if (is === 'ok') return { is }
  return is === 'conflict' ? toConflict(rest) : toGone(is)
}

/** Whether a reply means that the user's list is full, so that the new row was not stored. */
export function isFull(reply: unknown): boolean {
  return Array.isArray(reply) && reply[0] === 'full'
}

/** Parses a reply that is one number. */
export function parseCountReply(reply: unknown): number {
  const [count] = toTexts(reply)
  return count !== undefined && /^\d{1,9}$/.test(count) ? Number(count) : throwUnexpectedReply()
}

/** Parses a reply that is a list of rows. */
export function parseRowsReply(reply: unknown): Found[] {
  if (!Array.isArray(reply)) return throwUnexpectedReply()
  return reply.map(parseReadReply).filter((answer) => answer.is === 'found')
}

/** Checks that a reply is a list of strings. */
export function toTexts(reply: unknown): string[] {
  return Array.isArray(reply) && reply.every((part) => typeof part === 'string')
    ? reply
    : throwUnexpectedReply()
}

function toGone(is: string | undefined): Gone {
  return is === 'none' || is === 'expired' || is === 'ended' ? { is } : throwUnexpectedReply()
}

function toConflict(parts: readonly (string | undefined)[]): Conflict {
  return { is: 'conflict', ...toRow(parts) }
}

function toRow([version, record, seen, end]: readonly (string | undefined)[]): Omit<Found, 'is'> {
  if (version === undefined || record === undefined || seen === undefined || end === undefined)
    return throwUnexpectedReply()
  return { version, record, seen: Number(seen), end: Number(end) }
}

/** Throws for a reply of another form. Another program may have written the row, which must not sign a user out. */
function throwUnexpectedReply(): never {
  throw new PortcullisError(
    'ERR_STORE_REFUSED',
    'The store returned a reply that no session script returns',
  )
}
