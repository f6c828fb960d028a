/**
 * Entry point `portcullis/store`: the contract of a session store, and the store in memory. Stores
 * over a database have entry points of their own.
 */
export {
  type AtomicStore,
  type Conflict,
  type Found,
  type Gone,
  isAtomic,
  type ReadAt,
  type Ref,
  type Replaced,
  type Replacement,
  type Rotated,
  type RotateOptions,
  type Row,
  type SessionStore,
  type SimpleStore,
  type StoreContext,
  type StoreOption,
  type WaitingRead,
  writeMemory,
} from './contract.ts'
export { type MemoryStoreOptions, memoryStore } from './memory.ts'
export {
  type Claim,
  type MemoryRevocationsOptions,
  memoryRevocations,
  type RevocationStore,
} from './revocations.ts'
