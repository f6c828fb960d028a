/**
 * Types and one constant that the functions of stored sessions share: the settings, the store, and the
 * grace of a session that has ended. All files of this folder except `options.ts`, `record.ts` and
 * `resolve-store.ts` import it. Nothing here runs.
 */
import type { SessionSettings } from '../core/options/settings.ts'
import type { UsedStore } from './resolve-store.ts'

/** The settings and the store of one strategy. */
export interface StoredContext<Data> {
  readonly settings: SessionSettings<Data>
  readonly store: UsedStore
}

/** Milliseconds for which the store answers `ended` for the key of an ended session: longer than a request takes. */
export const GRACE_MS = 60_000
