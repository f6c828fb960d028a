/**
 * Defines the parts that the device endpoints need of a strategy, and decides whether a session may exist
 * that this deployment cannot read. `endpoints.ts` passes it to `refresh.ts` and `register.ts`, which
 * call `isUnreadable`. It never throws.
 */
import type { CookieJar } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { DeviceSettings } from './settings.ts'

/** The parts of a strategy that its device endpoints use. */
export interface DeviceContext<Data> {
  readonly settings: SessionSettings<Data>
  readonly device: DeviceSettings
  /** The engine without enforcement, since a browser refreshes when it has no bound cookie. */
  readonly engine: SessionEngine<Data>
  readonly outage: SuspectedOutage
}

/**
 * Whether the store failed at the last proof in this isolate. As long as it may be down, a browser
 * is not asked for a proof before the store has answered: each proof uses a signature, of which
 * browsers allow six in nine minutes.
 */
export interface SuspectedOutage {
  isSuspected: boolean
}

/**
 * Whether a session may exist that this deployment cannot read: it belongs to another deployment,
 * schema or clock, or somebody planted a second cookie of its name. The browser must not lose its
 * session because of that.
 */
export function isUnreadable<Data>(
  { settings }: DeviceContext<Data>,
  jar: CookieJar,
  { block }: LoadResult<Data>,
): boolean {
  const isAmbiguous = jar.read(settings.cookie.name).length > 1
  return isAmbiguous || (block !== undefined && block !== 'ended')
}
