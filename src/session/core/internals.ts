/**
 * Gives other modules of this library access to the keys and some options of a strategy, by a symbol on
 * the strategy. `storedSessions` and `statelessSessions` create the internals; the login (`keys.ts`,
 * `flow/backchannel.ts`) and the gateway's console read them.
 *
 * A strategy of another library has none, which reads as undefined. `ring(env)` throws `ERR_CONFIG` for an
 * invalid secret in the environment, and so does `readInternals` for `sessionsBy` if the environment
 * names no strategy.
 */
import type { CookieSettings } from '../../cookie/settings.ts'
import type { KeyRing } from '../../crypto/key-ring.ts'
import type { Clock } from '../../types.ts'
import type { SessionSettings } from './options/settings.ts'
import type { SessionObject, SessionStrategy } from './types.ts'

/** Not part of the public API; it may change in any release. */
export interface SessionInternals {
  /** The key ring of an environment. @throws {ConfigError} `ERR_CONFIG` */
  ring(env: unknown): KeyRing
  readonly cookie: CookieSettings
  /** The stage that seals are bound to. */
  readonly audience: string | undefined
  readonly clock: Clock
  /** Absolute timeout in seconds. */
  readonly maxAge: number
  /** The option `user`. */
  readonly user: ((data: never) => string | undefined) | undefined
  /** The option `mark`. */
  readonly mark: ((data: never) => string | undefined) | undefined
}

/** The key of a strategy's member that holds its internals. */
export const sessionInternals: unique symbol = Symbol('portcullis.session.internals')

/** Creates the internals of a strategy from its settings. */
export function createInternals<Data>(
  settings: SessionSettings<Data>,
  audience: string | undefined,
): SessionInternals {
  return {
    ring: (env) => settings.keys(env).ring,
    cookie: settings.cookie,
    audience,
    clock: settings.clock,
    maxAge: settings.limits.maxAge,
    user: settings.user,
    mark: settings.mark,
  }
}

/**
 * Reads the internals of the strategy that serves an environment. Returns undefined for a strategy of another library.
 */
export function readInternals<Data extends SessionObject>(
  strategy: SessionStrategy<Data>,
  env: unknown,
): SessionInternals | undefined {
  const current = strategy.chosen === undefined ? strategy : strategy.chosen(env)
  return current[sessionInternals]
}
