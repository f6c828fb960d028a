/** Keystone's three verbs used as if they were more: everything but what needs one step. */
import { ConfigError } from '../../errors.ts'
import type {
  AtomicStore,
  Found,
  Gone,
  Row,
  SimpleStore,
  StoreContext,
} from '../../store/contract.ts'
import { type PlainRow, readPlainRow } from './plain-row.ts'

/**
 * The verbs of sessions over `get`, `set` and `delete`. Reading and writing are two steps, so parallel requests may lose
 * one another's writes or bring back a session that ended between; `list` and `endAll` do not exist.
 */
export function plainStore(store: SimpleStore): AtomicStore {
  async function readEntry(key: string, context: StoreContext): Promise<PlainRow | undefined> {
    return readPlainRow(await store.get(key, context))
  }

  const writeEntry = async (key: string, kept: PlainRow, context: StoreContext): Promise<void> => {
    await store.set(key, JSON.stringify(kept), context)
  }
  const toFound = ({ v, d, t, x }: PlainRow): Found => ({
    is: 'found',
    version: v,
    record: d,
    seen: t,
    end: x,
  })
  const createEntry = ({ record, now, end }: Row): PlainRow => ({
    v: '1',
    d: record,
    t: now,
    x: end,
  })

  return {
    async create(row, context) {
      if ((await readEntry(row.key, context)) !== undefined) return { is: 'taken' }
      await writeEntry(row.key, createEntry(row), context)
      return { is: 'ok' }
    },
    async read({ key }, { now, idle, slice }, context): Promise<Found | Gone> {
      const kept = await readEntry(key, context)
      if (kept === undefined) return { is: 'none' }
      if (isExpired(kept, { now, idle })) return { is: 'expired' }
      if (now - kept.t < slice) return toFound(kept)
      const noted = { ...kept, t: now }
      await writeEntry(key, noted, context)
      return toFound(noted)
    },
    async replace(row, ifVersion, context) {
      const kept = await readEntry(row.key, context)
      if (kept === undefined) return { is: 'none' }
      if (isExpired(kept, row)) return { is: 'expired' }
      if (kept.v !== ifVersion) return { ...toFound(kept), is: 'conflict' }
      const version = String(Number(ifVersion) + 1)
      await writeEntry(
        row.key,
        { v: version, d: row.record, t: Math.max(kept.t, row.now), x: kept.x },
        context,
      )
      return { is: 'ok', version }
    },
    async rotate(old, next, { ifVersion }, context) {
      const kept = ifVersion === undefined ? undefined : await readEntry(old.key, context)
      if (ifVersion !== undefined && kept === undefined) return { is: 'none' }
      if (kept !== undefined && kept.v !== ifVersion) return { ...toFound(kept), is: 'conflict' }
      // The new one first: a store that fails between leaves two sessions rather than none.
      await writeEntry(next.key, createEntry(next), context)
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
