/**
 * Defines the parts that every function of stored sessions needs: settings and store. The files
 * beside it import it. Nothing here runs.
 */
import type { SessionSettings } from '../core/options/settings.ts'
import type { UsedStore } from './resolve-store.ts'

/** The settings and the store of one strategy. */
export interface StoredContext<Data> {
  readonly settings: SessionSettings<Data>
  readonly store: UsedStore
}

/** Milliseconds for which the key of an ended session says so: longer than a request takes. */
export const GRACE_MS = 60_000
