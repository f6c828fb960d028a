/** The option `store`, worked out once: whatever was given becomes the verbs that sessions use. */
import { isPortcullisError, PortcullisError } from '../../errors.ts'
import type { Issues } from '../../options/issues.ts'
import {
  type AtomicStore,
  isAtomic,
  type SessionStore,
  type SimpleStore,
  type StoreOption,
} from '../../store/contract.ts'
import { plainStore } from './plain-store.ts'

/** A store as sessions use it. */
export interface UsedStore extends AtomicStore {
  /** Whether its verbs each happen at once or not at all, and it knows the sessions of a user. */
  readonly atomic: boolean
}

/** Judges the option; a fault returns a store that must not be used. */
export function resolveStore(
  value: StoreOption | undefined,
  maxAge: number,
  issues: Issues,
): UsedStore {
  const store: SessionStore | undefined = typeof value === 'function' ? value({ maxAge }) : value
  if (store !== undefined && store !== null && isAtomic(store))
    return { ...boundStore(store), atomic: true }
  const simple = (store ?? {}) as Partial<SimpleStore>
  const verbs = [simple.get, simple.set, simple.delete]
  if (verbs.some((verb) => typeof verb !== 'function')) {
    issues.add(
      'store',
      store === undefined
        ? 'is required'
        : 'must have the verbs get, set and delete, or all the atomic ones',
    )
  }
  return { ...boundStore(plainStore(simple as SimpleStore)), atomic: false }
}

type EndMarkedArguments = Parameters<NonNullable<AtomicStore['endMarked']>>

/** A store may be a class: its verbs keep their `this`. What it throws without a code was no answer. */
function boundStore(store: AtomicStore): AtomicStore {
  return {
    create: (...args) => withStoreError(() => store.create(...args)),
    read: (...args) => withStoreError(() => store.read(...args)),
    replace: (...args) => withStoreError(() => store.replace(...args)),
    rotate: (...args) => withStoreError(() => store.rotate(...args)),
    end: (...args) => withStoreError(() => store.end(...args)),
    list: (...args) => withStoreError(() => store.list(...args)),
    endAll: (...args) => withStoreError(() => store.endAll(...args)),
    ...(store.endMarked && {
      endMarked: (...args: EndMarkedArguments) =>
        withStoreError(async () => store.endMarked?.(...args) ?? false),
    }),
    check: (env) => store.check?.(env),
    readSoon: (...args) => store.readSoon?.(...args),
    readReplaced: async (...args) => withStoreError(async () => store.readReplaced?.(...args)),
  }
}

/** @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` for what a store of somebody else's throws; its word is the cause */
async function withStoreError<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (cause) {
    if (isPortcullisError(cause)) throw cause
    throw new PortcullisError('ERR_STORE_UNAVAILABLE', 'The session store failed', { cause })
  }
}
