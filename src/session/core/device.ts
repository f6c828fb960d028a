/**
 * Defines the option `device` of sessions; its code is in a bundle only where `deviceBound` is
 * imported. Strategies and `deviceBound` share these types. Nothing here runs.
 */
import type { CookieSettings } from '../../cookie/settings.ts'
import type { Issues } from '../../options/issues.ts'
import type { SessionEngine } from './engine.ts'
import type { SessionSettings } from './options/settings.ts'
import type { FlushableHandle, SessionObject, SessionStrategy } from './types.ts'

/** Makes the option `device`; see `deviceBound`. */
export interface DeviceOption {
  /** Validates the option beside the session's cookie. Faults are noted, not thrown. */
  compile(cookie: CookieSettings, issues: Issues): BindEngine
}

/** Puts the device around the engine of a strategy. */
export type BindEngine = <Data extends object>(
  settings: SessionSettings<Data>,
  engine: SessionEngine<Data>,
  cookieNames: readonly string[],
) => DeviceBound<Data>

/** A strategy whose sessions may be bound. */
export interface DeviceBound<Data> {
  readonly engine: SessionEngine<Data>
  /** Members of the strategy. */
  readonly members: Required<Pick<SessionStrategy<object>, 'device' | 'cookieNames'>>
}

/**
 * The duties of whoever serves a strategy, before csrf, limits and access: a refusal there
 * ends their sessions.
 */
export interface DeviceEndpoints {
  /** Whether {@link answer} serves `/.well-known/device-bound-sessions`. */
  readonly servesSite: boolean
  /**
   * Answers a browser that registers or refreshes; undefined for every other request. The answer is
   * final. With a handle it does what {@link reload} does, too.
   */
  answer(
    request: Request,
    env: unknown,
    handle?: FlushableHandle<SessionObject>,
  ): Promise<Response | undefined> | undefined
  /**
   * The page that begins a navigation again, for a link from another origin to a session whose
   * bound cookie has expired; undefined for every other request. To be asked before anything is
   * done for the request.
   */
  reload(
    request: Request,
    handle: FlushableHandle<SessionObject>,
    env: unknown,
  ): Promise<Response | undefined> | undefined
}
