/** The option `store`, worked out once: whatever was given becomes the verbs that sessions use. */
import type { Faults } from '../options/faults.ts'
import { type AtomicStore, isAtomic, type SessionStore, type SimpleStore, type StoreOption } from '../store/contract.ts'
import { plainStore } from './plain-store.ts'

/** A store as sessions use it. */
export interface UsedStore extends AtomicStore {
  /** Whether its verbs each happen at once or not at all, and it knows the sessions of a user. */
  readonly atomic: boolean
}

/** Judges the option; a fault returns a store that must not be used. */
export function resolveStore(given: StoreOption | undefined, maxAge: number, faults: Faults): UsedStore {
  const store: SessionStore | undefined = typeof given === 'function' ? given({ maxAge }) : given
  if (store !== undefined && store !== null && isAtomic(store)) return { ...bound(store), atomic: true }
  const simple = (store ?? {}) as Partial<SimpleStore>
  const verbs = [simple.get, simple.set, simple.delete]
  if (verbs.some((verb) => typeof verb !== 'function')) {
    faults.add(
      'store',
      store === undefined ? 'is required' : 'must have the verbs get, set and delete, or all the atomic ones',
    )
  }
  return { ...plainStore(simple as SimpleStore), atomic: false }
}

/** A store may be a class: its verbs keep their `this`. */
function bound(store: AtomicStore): AtomicStore {
  return {
    create: (...args) => store.create(...args),
    read: (...args) => store.read(...args),
    replace: (...args) => store.replace(...args),
    rotate: (...args) => store.rotate(...args),
    end: (...args) => store.end(...args),
    list: (...args) => store.list(...args),
    endAll: (...args) => store.endAll(...args),
  }
}
