/**
 * Turns each accepted value of the option `store` into the verbs that stored sessions use: an atomic store, one
 * with `get`, `set` and `delete`, or a function that creates one. `stored/sessions.ts` calls it while a
 * strategy is built.
 *
 * A wrong value is reported as an issue, and the returned store must not be used. An error of a store
 * that has no code of this library becomes `ERR_STORE_UNAVAILABLE`, with the error as its cause. A
 * function that throws makes the strategy throw.
 */
import { randomId } from '../../crypto/random.ts'
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { Issues } from '../../options/issues.ts'
import {
  type AtomicStore,
  isAtomic,
  type SessionStore,
  type SimpleStore,
  type StoreOption,
} from '../../store/contract.ts'
import { createPlainStore } from './plain-store/store.ts'

/** The store of a strategy, after its option was resolved. */
export interface UsedStore extends AtomicStore {
  /** True if the verbs of the store are atomic, and it can list the sessions of a user. */
  readonly atomic: boolean
}

/** Validates and resolves the option. With an issue it returns a store that must not be used. */
export function resolveStore(
  value: StoreOption | undefined,
  maxAge: number,
  issues: Issues,
): UsedStore {
  const store: SessionStore | undefined = typeof value === 'function' ? value({ maxAge }) : value
  if (store !== undefined && store !== null && isAtomic(store)) {
    return { ...bindStore(store), atomic: true }
  }

  const simple = (store ?? {}) as Partial<SimpleStore>
  const verbs = [simple.get, simple.set, simple.delete]
  if (verbs.some((verb) => typeof verb !== 'function')) {
    const problem =
      store === undefined
        ? 'is required'
        : 'must have the functions get, set and delete, or all seven of an atomic store'
    issues.add('store', problem)
  }
  return { ...bindStore(createPlainStore(simple as SimpleStore)), atomic: false }
}

type EndMarkedArguments = Parameters<NonNullable<AtomicStore['endMarked']>>

/** Binds the verbs to their store, which may be an instance of a class, and gives a code to errors without one. */
function bindStore(store: AtomicStore): AtomicStore {
  return {
    create: (...args) => withStoreError(() => store.create(...args)),
    read: (...args) => withStoreError(() => store.read(...args)),
    replace: (...args) => withStoreError(() => store.replace(...args)),
    rotate: (...args) => withStoreError(() => store.rotate(...args)),
    end: (ref, grace, context, write = randomId(8)) =>
      withStoreError(() => store.end(ref, grace, context, write)),
    list: (...args) => withStoreError(() => store.list(...args)),
    endAll: (index, keep, context, write = randomId(8)) =>
      withStoreError(() => store.endAll(index, keep, context, write)),
    ...(store.endMarked && {
      endMarked: (...args: EndMarkedArguments) =>
        withStoreError(async () => store.endMarked?.(...args) ?? false),
    }),
    check: (env) => store.check?.(env),
    readSoon: (...args) => store.readSoon?.(...args),
    readReplaced: async (...args) => withStoreError(async () => store.readReplaced?.(...args)),
  }
}

/** @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` for an error of a foreign store, which becomes the cause */
async function withStoreError<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query()
  } catch (cause) {
    if (isPortcullisError(cause)) throw cause
    throw new PortcullisError('ERR_STORE_UNAVAILABLE', 'The session store failed: see the cause', {
      cause,
    })
  }
}
