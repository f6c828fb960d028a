/**
 * Types of the option `device` of sessions, whose code is in a bundle only where `deviceBound` is imported.
 * The strategies and `core/options` use the option, `device/` implements it, and `session()`, the
 * stack and the gateway call `DeviceEndpoints`. Nothing here runs.
 */
import type { CookieSettings } from '../../cookie/settings.ts'
import type { Issues } from '../../options/issues.ts'
import type { SessionEngine } from './engine.ts'
import type { SessionSettings } from './options/settings.ts'
import type { FlushableHandle, SessionObject, SessionStrategy } from './types.ts'

/** The value of the option `device`: the result of `deviceBound()`. */
export interface DeviceOption {
  /** Validates the option together with the settings of the session's cookie. Problems become issues. */
  compile(cookie: CookieSettings, issues: Issues): BindEngine
}

/** Wraps the engine of a strategy, so that it binds sessions to their device. */
export type BindEngine = <Data extends object>(
  settings: SessionSettings<Data>,
  engine: SessionEngine<Data>,
  cookieNames: readonly string[],
) => DeviceBound<Data>

/** The result of wrapping an engine. */
export interface DeviceBound<Data> {
  readonly engine: SessionEngine<Data>
  /** Members to add to the strategy. */
  readonly members: Required<Pick<SessionStrategy<object>, 'device' | 'cookieNames'>>
}

/**
 * The endpoints that a server of a strategy must call before csrf, limits and access: browsers end a bound session if
 * such a check rejects their requests to these endpoints.
 */
export interface DeviceEndpoints {
  /** Whether {@link answer} serves `/.well-known/device-bound-sessions`. */
  readonly servesSite: boolean
  /**
   * Answers a browser that registers or refreshes; undefined for every other request. The response must be sent
   * unchanged. With a handle it also does what {@link reload} does.
   *
   * @param path - path of the request, if the caller has parsed it. Default its url, which runtimes create anew when it is read.
   */
  answer(
    request: Request,
    env: unknown,
    handle?: FlushableHandle<SessionObject>,
    path?: string,
  ): Promise<Response | undefined> | undefined
  /**
   * Returns a page that repeats the navigation, for a link from another origin to a session whose bound cookie has
   * expired; undefined for every other request. Call it before anything else is done for the request.
   */
  reload(
    request: Request,
    handle: FlushableHandle<SessionObject>,
    env: unknown,
  ): Promise<Response | undefined> | undefined
}
