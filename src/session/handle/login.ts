/**
 * Creates the record of a login, and decides which data and flash messages of the session before it are
 * kept. `handle.ts` calls it for `start`; engines then run the result, again after a conflict.
 *
 * Data that is not an object, or that the schema rejects, throws `ERR_SESSION_DATA`. Members in `keep` are
 * silently not copied if the old session may belong to another user.
 */
import { randomId } from '../../crypto/random.ts'
import { isObject } from '../../options/is-object.ts'
import { dataError, jsonCopy } from '../core/data.ts'
import type { SessionLogin } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import type { StartOptions } from '../core/types.ts'
import { acceptRecord, type Edit, replayEdits } from './edits.ts'

/**
 * Copies the data that a caller passed.
 *
 * @throws {PortcullisError} `ERR_SESSION_DATA` for a value that is not an object
 */
export function requireObject<Data extends object>(sessionData: Data): Data {
  const copy = jsonCopy(sessionData, '')
  if (!isObject(copy)) throw dataError('must be an object')
  return copy
}

/**
 * Creates a login. Its record has the new data, the members to keep with their changes that were not written yet, and
 * the flash messages, unless they were for another user.
 */
export function createLogin<Data extends object>(
  settings: SessionSettings<Data>,
  value: Data,
  { keep = [], authenticatedAt }: StartOptions<Data>,
  edits: readonly Edit[],
): SessionLogin<Data> {
  const flashEdits = edits.filter((edit) => 'name' in edit)

  const make: SessionLogin<Data>['make'] = async (replaced) => {
    const oldRecord =
      replaced?.data === undefined ? replaced : replayEdits(settings, replaced, edits)
    const mayCarry = canKeep(settings, oldRecord, value)
    const flash = mayCarry || oldRecord?.data === undefined ? replaced?.flash : undefined

    const nowSeconds = Math.floor(settings.clock() / 1000)
    const next = {
      id: randomId(),
      created: nowSeconds,
      seen: nowSeconds,
      authenticated: readAuthenticated(authenticatedAt, nowSeconds),
      data: { ...(mayCarry ? pick(oldRecord?.data, keep) : {}), ...value },
      ...(flash && { flash }),
    }
    return acceptRecord(settings, undefined, replayEdits(settings, next, flashEdits) ?? next, true)
  }
  return { make, keepsData: keep.length > 0 }
}

/**
 * Returns the time of authentication in seconds since the epoch. 1 means unknown. A time in the future counts as now.
 */
function readAuthenticated(value: number | undefined, nowSeconds: number): number {
  if (value === undefined) return nowSeconds

  const seconds = Math.floor(value / 1000)
  return Number.isSafeInteger(seconds) ? Math.max(1, Math.min(nowSeconds, seconds)) : 1
}

/** False if the data could reach another user. Without the option `user`, two signed-in sessions count as two users. */
function canKeep<Data>(
  settings: SessionSettings<Data>,
  oldRecord: SessionRecord<Data> | undefined,
  next: Data,
): boolean {
  if (oldRecord?.data === undefined) return false
  if (settings.user === undefined) return oldRecord.authenticated === undefined

  const oldUser = settings.user(oldRecord.data)
  return oldUser === undefined || oldUser === settings.user(next)
}

/** Copies the members that exist. */
function pick<Data extends object>(
  sessionData: Data | undefined,
  keys: ReadonlyArray<keyof Data>,
): Partial<Data> {
  const members: Partial<Data> = {}
  for (const key of keys) {
    if (sessionData !== undefined && Object.hasOwn(sessionData, key))
      members[key] = sessionData[key]
  }
  return members
}
