/** What Redis answered, as the contract says it. Pure. */
import { PortcullisError } from '../errors.ts'
import type { Conflict, Found, Gone, Replaced, Rotated } from './contract.ts'

/** Answer to a read. */
export function readReply(reply: unknown): Found | Gone {
  const [is, ...rest] = texts(reply)
  return is === 'found' ? { is, ...row(rest) } : gone(is)
}

/** Answer to a create. */
export function createReply(reply: unknown): { is: 'ok' | 'taken' } {
  const [is] = texts(reply)
  return is === 'ok' || is === 'taken' ? { is } : strange()
}

/** Answer to a replace. */
export function replaceReply(reply: unknown): Replaced {
  const [is, version, ...rest] = texts(reply)
  if (is === 'ok' && version !== undefined) return { is, version }
  return is === 'conflict' ? conflict([version, ...rest]) : gone(is)
}

/** Answer to a rotate. */
export function rotateReply(reply: unknown): Rotated {
  const [is, ...rest] = texts(reply)
  if (is === 'ok') return { is }
  return is === 'conflict' ? conflict(rest) : gone(is)
}

/** Whether a new row found its user's list full, and nothing was done. */
export function isFull(reply: unknown): boolean {
  return Array.isArray(reply) && reply[0] === 'full'
}

/** Answer that is one number. */
export function countReply(reply: unknown): number {
  const [count] = texts(reply)
  return count !== undefined && /^\d{1,9}$/.test(count) ? Number(count) : strange()
}

/** Answer that is a list of rows. */
export function rowsReply(reply: unknown): Found[] {
  if (!Array.isArray(reply)) return strange()
  return reply.map(readReply).filter((answer) => answer.is === 'found')
}

/** Answer that is a list of texts. */
export function texts(reply: unknown): string[] {
  return Array.isArray(reply) && reply.every((part) => typeof part === 'string') ? reply : strange()
}

function gone(is: string | undefined): Gone {
  return is === 'none' || is === 'expired' || is === 'ended' ? { is } : strange()
}

function conflict(parts: readonly (string | undefined)[]): Conflict {
  return { is: 'conflict', ...row(parts) }
}

function row([version, record, seen, end]: readonly (string | undefined)[]): Omit<Found, 'is'> {
  if (version === undefined || record === undefined || seen === undefined || end === undefined) return strange()
  return { version, record, seen: Number(seen), end: Number(end) }
}

/** A row that somebody else wrote, or another Redis than we know: no reason to take it for no session. */
function strange(): never {
  throw new PortcullisError('ERR_STORE_REFUSED', 'Redis gave an answer that no session script gives')
}
