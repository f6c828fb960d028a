/**
 * Parses replies of scripts in Redis and functions in Postgres into answers of the contract. The
 * stores call it for each verb. A reply of another form throws `ERR_STORE_REFUSED`, and never
 * counts as an absent session.
 */
import { PortcullisError } from '../errors.ts'
import type { Conflict, Found, Gone, Replaced, Rotated } from './contract.ts'

/** Answer to a read. */
export function parseReadReply(reply: unknown): Found | Gone {
  const [is, ...rest] = toTexts(reply)
  return is === 'found' ? { is, ...toRow(rest) } : toGone(is)
}

/** Answer to a create. */
export function parseCreateReply(reply: unknown): { is: 'ok' | 'taken' } {
  const [is] = toTexts(reply)
  return is === 'ok' || is === 'taken' ? { is } : throwUnexpectedReply()
}

/** Answer to a replace. */
export function parseReplaceReply(reply: unknown): Replaced {
  const [is, version, ...rest] = toTexts(reply)
  if (is === 'ok' && version !== undefined) return { is, version }
  return is === 'conflict' ? toConflict([version, ...rest]) : toGone(is)
}

/** Answer to a rotate. */
export function parseRotateReply(reply: unknown): Rotated {
  const [is, ...rest] = toTexts(reply)
  if (is === 'ok') return { is }
  return is === 'conflict' ? toConflict(rest) : toGone(is)
}

/** Whether a new row found its user's list full, and nothing was done. */
export function isFull(reply: unknown): boolean {
  return Array.isArray(reply) && reply[0] === 'full'
}

/** Answer that is one number. */
export function parseCountReply(reply: unknown): number {
  const [count] = toTexts(reply)
  return count !== undefined && /^\d{1,9}$/.test(count) ? Number(count) : throwUnexpectedReply()
}

/** Answer that is a list of rows. */
export function parseRowsReply(reply: unknown): Found[] {
  if (!Array.isArray(reply)) return throwUnexpectedReply()
  return reply.map(parseReadReply).filter((answer) => answer.is === 'found')
}

/** Answer that is a list of texts. */
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

/** A row that somebody else wrote, or another store than this library knows: no reason to take it for no session. */
function throwUnexpectedReply(): never {
  throw new PortcullisError(
    'ERR_STORE_REFUSED',
    'The store returned a reply that no session script returns',
  )
}
