/**
 * Records the changes of a request as edits, replays them on the record of a session, and validates the
 * record that is about to be written. The handle, its state (`request-state.ts`), `login.ts` and
 * `take-messages.ts` call it.
 *
 * It throws `ERR_SESSION_NOT_STARTED` for a change without a session and without the option `initial`,
 * `ERR_SESSION_DATA` for data that is not an object or does not fit the schema, and
 * `ERR_SESSION_IDENTITY_CHANGED` for a write that would change the user. Edits that change nothing return
 * the same record, so that nothing is written. Errors of the options `initial`, `schema` and `user`
 * pass through.
 */
import { randomId } from '../../crypto/random.ts'
import { PortcullisError } from '../../errors.ts'
import { isObject } from '../../options/is-object.ts'
import type { Schema } from '../core/data.ts'
import { dataError, jsonCopy, validateData } from '../core/data.ts'
import { createNotStartedError } from '../core/errors.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'

/** One recorded change. */
export type Edit = DataEdit | FlashEdit

type DataEdit =
  | { readonly type: 'set'; readonly key: PropertyKey; readonly value: unknown }
  | { readonly type: 'unset'; readonly key: PropertyKey }

type FlashEdit =
  | { readonly type: 'flash'; readonly name: string; readonly value: unknown }
  | { readonly type: 'take'; readonly name: string }

/**
 * Replays edits on a record.
 *
 * @returns the new record, or the same object if no edit changed anything.
 * @throws {PortcullisError} `ERR_SESSION_NOT_STARTED`
 */
export function replayEdits<Data extends object>(
  settings: SessionSettings<Data>,
  record: SessionRecord<Data> | undefined,
  edits: readonly Edit[],
): SessionRecord<Data> | undefined {
  let current = record

  for (const edit of edits) {
    current =
      'name' in edit
        ? applyFlashEdit(settings, current, edit)
        : applyDataEdit(settings, current, edit)
  }
  return current
}

function applyFlashEdit<Data extends object>(
  settings: SessionSettings<Data>,
  record: SessionRecord<Data> | undefined,
  edit: FlashEdit,
): SessionRecord<Data> | undefined {
  if (edit.type === 'flash') {
    const target = record ?? createBlankRecord<Data>(settings)
    return { ...target, flash: { ...target.flash, [edit.name]: edit.value } }
  }

  if (record?.flash === undefined || !Object.hasOwn(record.flash, edit.name)) return record

  const { [edit.name]: _, ...flash } = record.flash
  const { flash: __, ...rest } = record
  return Object.keys(flash).length > 0 ? { ...rest, flash } : rest
}

function applyDataEdit<Data extends object>(
  settings: SessionSettings<Data>,
  record: SessionRecord<Data> | undefined,
  edit: DataEdit,
): SessionRecord<Data> {
  const data = (record?.data ?? createInitialData(settings)) as Record<PropertyKey, unknown>
  const target =
    record?.data === undefined
      ? { ...(record ?? createBlankRecord<Data>(settings)), data: data as Data }
      : record

  if (edit.type === 'unset') {
    if (!Object.hasOwn(data, edit.key)) return target
    const { [edit.key]: _, ...rest } = data
    return { ...target, data: rest as Data }
  }

  const oldJson = Object.hasOwn(data, edit.key) ? JSON.stringify(data[edit.key]) : undefined
  if (oldJson === JSON.stringify(edit.value)) return target
  return { ...target, data: { ...data, [edit.key]: edit.value } as Data }
}

/** Creates a visitor's session without data. */
export function createBlankRecord<Data>(settings: SessionSettings<Data>): SessionRecord<Data> {
  const nowSeconds = Math.floor(settings.clock() / 1000)
  return { id: randomId(), created: nowSeconds, seen: nowSeconds }
}

/**
 * Validates the record that is about to be written.
 *
 * @param oldData - the data that the record replaces.
 * @returns the record with the output of its schema.
 * @throws {PortcullisError} `ERR_SESSION_DATA`, `ERR_SESSION_IDENTITY_CHANGED`
 */
export function acceptRecord<Data extends object>(
  settings: SessionSettings<Data>,
  oldData: Data | undefined,
  nextRecord: SessionRecord<Data>,
  mayChangeUser: boolean,
): SessionRecord<Data> | Promise<SessionRecord<Data>> {
  const { data } = nextRecord
  if (data === undefined || data === oldData) return nextRecord
  if (!isObject(data)) throw dataError('must be an object')

  const { schema } = settings
  if (schema === undefined) return requireSameUser(settings, oldData, nextRecord, mayChangeUser)
  return parseWithSchema(schema, data).then((output) =>
    requireSameUser(settings, oldData, { ...nextRecord, data: output }, mayChangeUser),
  )
}

function requireSameUser<Data>(
  { user }: SessionSettings<Data>,
  oldData: Data | undefined,
  nextRecord: SessionRecord<Data>,
  mayChangeUser: boolean,
): SessionRecord<Data> {
  if (mayChangeUser || user === undefined) return nextRecord
  if ((oldData && user(oldData)) === (nextRecord.data && user(nextRecord.data))) return nextRecord

  throw new PortcullisError(
    'ERR_SESSION_IDENTITY_CHANGED',
    'This write would change the user of the session: call start(), which creates a new id',
  )
}

async function parseWithSchema<Data extends object>(
  schema: Schema<Data>,
  sessionData: Data,
): Promise<Data> {
  const result = await validateData(schema, sessionData)
  if ('issues' in result) throw dataError(`does not fit its schema at ${result.issues}`)
  return jsonCopy(result.data, '')
}

function createInitialData<Data>(settings: SessionSettings<Data>): Data {
  if (settings.initial === undefined) throw createNotStartedError()
  return jsonCopy(settings.initial(), '')
}
