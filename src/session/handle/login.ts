/** What a login takes over from the session before it, and what no session can do. */
import { randomId } from '../../crypto/random.ts'
import { dataError, jsonCopy } from '../core/data.ts'
import type { MakeRecord } from '../core/engine.ts'
import { isObject, type SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { acceptRecord, type Edit, replayEdits } from './edits.ts'

/** A copy of data that a caller gave, if it is data. @throws {PortcullisError} `ERR_SESSION_DATA` */
export function requireObject<Data extends object>(data: Data): Data {
  const copy = jsonCopy(data, '')
  if (!isObject(copy)) throw dataError('must be an object')
  return copy
}

/**
 * Makes the record of a login: what is given, what may be kept of the session before with what waited to be written to it,
 * and the messages that waited for the next request, unless they were for another user.
 */
export function createLogin<Data extends object>(
  settings: SessionSettings<Data>,
  value: Data,
  keep: ReadonlyArray<keyof Data>,
  edits: readonly Edit[],
  authenticatedAt?: number,
): MakeRecord<Data> {
  const messages = edits.filter(({ is }) => is === 'flash' || is === 'take')

  return async (before) => {
    const old = before?.data === undefined ? before : replayEdits(settings, before, edits)
    const mayCarry = canKeep(settings, old, value)
    const kept = mayCarry ? pick(old?.data, keep) : {}
    const now = Math.floor(settings.clock() / 1000)
    const times = {
      created: now,
      seen: now,
      authenticated: readAuthenticated(authenticatedAt, now),
    }
    const flash = mayCarry || old?.data === undefined ? before?.flash : undefined

    const next = { id: randomId(), ...times, data: { ...kept, ...value }, ...(flash && { flash }) }
    return acceptRecord(settings, undefined, replayEdits(settings, next, messages) ?? next, true)
  }
}

/** In seconds. 1 stands for an unknown moment, as 0 does for imports; later than now counts as now. */
function readAuthenticated(value: number | undefined, now: number): number {
  if (value === undefined) return now
  const seconds = Math.floor(value / 1000)
  return Number.isSafeInteger(seconds) ? Math.max(1, Math.min(now, seconds)) : 1
}

/** What one user left is not handed to another. Without the option `user`, two signed-in sessions are two users. */
function canKeep<Data>(
  settings: SessionSettings<Data>,
  old: SessionRecord<Data> | undefined,
  next: Data,
): boolean {
  if (old?.data === undefined) return false
  if (settings.user === undefined) return old.authenticated === undefined
  const before = settings.user(old.data)
  return before === undefined || before === settings.user(next)
}

/** Those members that are there. */
function pick<Data extends object>(
  data: Data | undefined,
  keys: ReadonlyArray<keyof Data>,
): Partial<Data> {
  const picked: Partial<Data> = {}
  for (const key of keys)
    if (data !== undefined && Object.hasOwn(data, key)) picked[key] = data[key]
  return picked
}
