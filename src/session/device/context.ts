/**
 * Defines what the device endpoints work with, and decides when a session may exist that this
 * deployment cannot read. `refresh.ts` and `register.ts` call it. It never throws.
 */
import type { CookieJar } from '../../types.ts'
import type { LoadResult, SessionEngine } from '../core/engine.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { DeviceSettings } from './settings.ts'

/** A strategy as its endpoints see it. */
export interface DeviceContext<Data> {
  readonly settings: SessionSettings<Data>
  readonly device: DeviceSettings
  /** The engine below the device: a browser refreshes because it has no bound cookie. */
  readonly engine: SessionEngine<Data>
}

/**
 * Whether a session may be there although this deployment cannot read it: another deployment,
 * another schema, another clock, or a second cookie of its name that somebody planted. The browser
 * must not lose its session for that.
 */
export function isUnreadable<Data>(
  { settings }: DeviceContext<Data>,
  jar: CookieJar,
  { block }: LoadResult<Data>,
): boolean {
  const isAmbiguous = jar.read(settings.cookie.name).length > 1
  return isAmbiguous || (block !== undefined && block !== 'ended')
}
