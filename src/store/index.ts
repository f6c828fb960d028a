/**
 * Entry point `portcullis/store`, which applications import: the contract of a session store, the
 * store in memory, and revocations in memory. Stores over a database have entry points of their own.
 * It only exports.
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
