/**
 * Implements the verbs of sessions over a store that has only `get`, `set` and `delete`. `resolve-store.ts`
 * creates it for such a store, and the functions of stored sessions call it.
 *
 * Each verb is several calls and not atomic: parallel requests may lose each other's writes, and may
 * restore a session that has ended. `list` and `endAll` reject with `ERR_CONFIG`. A value that is not a row
 * throws `ERR_STORE_REFUSED`, and errors of the store pass through.
 */
import { ConfigError } from '../../../errors.ts'
import type {
  AtomicStore,
  Found,
  Gone,
  Row,
  SimpleStore,
  StoreContext,
} from '../../../store/contract.ts'
import { type PlainRow, readPlainRow } from './row.ts'

/**
 * Implements the verbs of sessions over `get`, `set` and `delete`. Reading and writing are two steps, so a parallel
 * request may change or end the session between them.
 */
export function createPlainStore(store: SimpleStore): AtomicStore {
  const readRow = async (key: string, context: StoreContext): Promise<PlainRow | undefined> =>
    readPlainRow(await store.get(key, context))

  const writeRow = async (key: string, row: PlainRow, context: StoreContext): Promise<void> => {
    await store.set(key, JSON.stringify(row), context)
  }

  return {
    async create(sessionRow, context) {
      if ((await readRow(sessionRow.key, context)) !== undefined) return { is: 'taken' }
      await writeRow(sessionRow.key, toPlainRow(sessionRow), context)
      return { is: 'ok' }
    },

    async read({ key }, { now, idle, slice }, context): Promise<Found | Gone> {
      const current = await readRow(key, context)
      if (current === undefined) return { is: 'none' }
      if (isExpired(current, { now, idle })) return { is: 'expired' }
      if (now - current.t < slice) return toFound(current)

      const touched = { ...current, t: now }
      await writeRow(key, touched, context)
      return toFound(touched)
    },

    async replace(sessionRow, ifVersion, context) {
      const current = await readRow(sessionRow.key, context)
      if (current === undefined) return { is: 'none' }
      if (isExpired(current, sessionRow)) return { is: 'expired' }
      if (current.v !== ifVersion) return { ...toFound(current), is: 'conflict' }

      const version = String(Number(ifVersion) + 1)
      const next = {
        v: version,
        d: sessionRow.record,
        t: Math.max(current.t, sessionRow.now),
        x: current.x,
      }
      await writeRow(sessionRow.key, next, context)
      return { is: 'ok', version }
    },

    async rotate(old, next, { ifVersion }, context) {
      const current = ifVersion === undefined ? undefined : await readRow(old.key, context)
      if (ifVersion !== undefined && current === undefined) return { is: 'none' }
      if (current !== undefined && current.v !== ifVersion) {
        return { ...toFound(current), is: 'conflict' }
      }

      // The new row is written first: a store that fails between the steps leaves two sessions rather than none.
      await writeRow(next.key, toPlainRow(next), context)
      await store.delete(old.key, context)
      return { is: 'ok' }
    },

    async end({ key }, _grace, context) {
      await store.delete(key, context)
      return true
    },
    list: () => Promise.reject(createUnsupportedError('list')),
    endAll: () => Promise.reject(createUnsupportedError('endAll')),
  }
}

function toFound({ v, d, t, x }: PlainRow): Found {
  return { is: 'found', version: v, record: d, seen: t, end: x }
}

function toPlainRow({ record, now, end }: Row): PlainRow {
  return { v: '1', d: record, t: now, x: end }
}

function isExpired(
  { t, x }: PlainRow,
  { now, idle }: { readonly now: number; readonly idle: number },
): boolean {
  return now - t >= idle || now >= x
}

function createUnsupportedError(verb: string): ConfigError {
  return new ConfigError([
    { option: 'session.store', problem: `has only get, set and delete, so there is no ${verb}()` },
  ])
}
