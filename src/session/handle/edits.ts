/** Changes that wait for the write: recorded one by one, replayed on whatever the session is then. Pure. */

import { randomId } from '../../crypto/random.ts'
import { PortcullisError } from '../../errors.ts'
import { dataError, jsonCopy, passSchema } from '../core/data.ts'
import { createNotStartedError } from '../core/errors.ts'
import { isObject, type SessionRecord } from '../core/record.ts'
import type { Schema } from '../core/schema.ts'
import type { SessionSettings } from '../core/settings.ts'

/** One recorded change. */
export type Edit =
  | { readonly is: 'set'; readonly key: PropertyKey; readonly value: unknown }
  | { readonly is: 'unset'; readonly key: PropertyKey }
  | { readonly is: 'flash'; readonly name: string; readonly value: unknown }
  | { readonly is: 'take'; readonly name: string }

/**
 * Replays edits on a record.
 *
 * @returns the new record, or the very same one where no edit changed anything.
 * @throws {PortcullisError} `ERR_SESSION_NOT_STARTED`
 */
export function replayEdits<Data extends object>(
  settings: SessionSettings<Data>,
  record: SessionRecord<Data> | undefined,
  edits: readonly Edit[],
): SessionRecord<Data> | undefined {
  let now = record
  for (const edit of edits) now = applyEdit(settings, now, edit)
  return now
}

function applyEdit<Data extends object>(
  settings: SessionSettings<Data>,
  record: SessionRecord<Data> | undefined,
  edit: Edit,
): SessionRecord<Data> | undefined {
  if (edit.is === 'flash') {
    const to = record ?? createBlankRecord<Data>(settings)
    return { ...to, flash: { ...to.flash, [edit.name]: edit.value } }
  }
  if (edit.is === 'take') {
    if (record?.flash === undefined || !Object.hasOwn(record.flash, edit.name)) return record
    const { [edit.name]: _, ...flash } = record.flash
    const { flash: __, ...rest } = record
    return Object.keys(flash).length > 0 ? { ...rest, flash } : rest
  }
  const data = (record?.data ?? createInitialData(settings)) as Record<PropertyKey, unknown>
  const to =
    record?.data === undefined
      ? { ...(record ?? createBlankRecord<Data>(settings)), data: data as Data }
      : record
  if (edit.is === 'unset') {
    if (!Object.hasOwn(data, edit.key)) return to
    const { [edit.key]: _, ...rest } = data
    return { ...to, data: rest as Data }
  }
  const before = Object.hasOwn(data, edit.key) ? JSON.stringify(data[edit.key]) : undefined
  if (before === JSON.stringify(edit.value)) return to
  return { ...to, data: { ...data, [edit.key]: edit.value } as Data }
}

/** A new visitor's session without data. */
export function createBlankRecord<Data>(settings: SessionSettings<Data>): SessionRecord<Data> {
  const now = Math.floor(settings.clock() / 1000)
  return { id: randomId(), created: now, seen: now }
}

/**
 * Judges what is about to be written beside what was there.
 *
 * @returns the record with the data its schema made of it
 * @throws {PortcullisError} `ERR_SESSION_DATA`, `ERR_SESSION_IDENTITY_CHANGED`
 */
export function acceptRecord<Data extends object>(
  settings: SessionSettings<Data>,
  before: Data | undefined,
  next: SessionRecord<Data>,
  mayChangeUser: boolean,
): SessionRecord<Data> | Promise<SessionRecord<Data>> {
  const { data } = next
  if (data === undefined || data === before) return next
  if (!isObject(data)) throw dataError('must be an object')
  const { schema } = settings
  if (schema === undefined) return sameUser(settings, before, next, mayChangeUser)
  return parseWithSchema(schema, data).then((data) =>
    sameUser(settings, before, { ...next, data }, mayChangeUser),
  )
}

function sameUser<Data>(
  { user }: SessionSettings<Data>,
  before: Data | undefined,
  next: SessionRecord<Data>,
  mayChange: boolean,
): SessionRecord<Data> {
  if (
    !mayChange &&
    user !== undefined &&
    (before && user(before)) !== (next.data && user(next.data))
  ) {
    throw new PortcullisError(
      'ERR_SESSION_IDENTITY_CHANGED',
      'This write would change the user of the session; call start(), which gives it a new id',
    )
  }
  return next
}

async function parseWithSchema<Data extends object>(
  schema: Schema<Data>,
  data: Data,
): Promise<Data> {
  const result = await passSchema(schema, data)
  if ('wrong' in result) throw dataError(`does not fit its schema at ${result.wrong}`)
  return jsonCopy(result.data, '')
}

function createInitialData<Data>(settings: SessionSettings<Data>): Data {
  if (settings.initial === undefined) throw createNotStartedError()
  return jsonCopy(settings.initial(), '')
}
