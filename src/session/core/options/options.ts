/**
 * Defines the options that stateless and stored sessions share, with their defaults, and the interface of a
 * legacy cookie. Applications write them; `settings.ts` validates them while a strategy is built and
 * reports wrong ones as issues of one `ERR_CONFIG`. Nothing here runs.
 */
import type { Clock, Emit, FromEnv, OutgoingCookie, ProjectEnv } from '../../../types.ts'
import type { Schema } from '../data.ts'
import type { DeviceOption } from '../device.ts'
import type { ClientInfoOption } from '../engine.ts'
import type { SessionObject } from '../types.ts'

/** Options that every strategy has. */
export interface SessionOptions<Data extends SessionObject, E = ProjectEnv> {
  /**
   * One secret or several, each of at least 32 characters: a list, or one string with white space between the secrets.
   * The first secret seals, and all of them open. `npx portcullis secret` prints a new one. To rotate, append the new
   * secret and deploy, then move it first and deploy; keep the old one for `maxAge`.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /**
   * Absolute timeout in seconds, at most 400 days: no activity extends it.
   *
   * @default 28_800 (8 hours, as Keystone's)
   */
  readonly maxAge?: number
  /**
   * Idle timeout in seconds, never above `maxAge`: a session without a request for this long ends.
   *
   * @default 3600 (1 hour, NIST SP 800-63B-4 AAL2), or `maxAge` where that is less
   */
  readonly idleTimeout?: number
  /**
   * Idle timeout in seconds before `start`, for sessions of visitors. Never above `idleTimeout`.
   *
   * @default 900 (15 minutes), or `idleTimeout` where that is less
   */
  readonly anonymousIdle?: number
  /**
   * Name of the cookie without its prefix. It is sent as `__Host-session`, or as `__Secure-session` with a Domain or
   * Path.
   *
   * @default 'session'
   */
  readonly name?: string
  /**
   * Path attribute. Another path than `/` moves the prefix to `__Secure-`.
   *
   * @default '/'
   */
  readonly path?: string
  /**
   * Domain attribute. A domain moves the prefix to `__Secure-` and lets sibling hosts plant cookies.
   *
   * @default undefined (this host only)
   */
  readonly domain?: string
  /**
   * Secure attribute. `false` is an error unless `insecurePlainHttp` is true.
   *
   * @default true
   */
  readonly secure?: boolean
  /**
   * SameSite attribute. `true` means `'strict'`; `false` leaves the attribute out.
   *
   * @default 'lax'
   */
  readonly sameSite?: boolean | 'strict' | 'lax' | 'none'
  /**
   * Partitioned attribute (CHIPS): browsers store a separate cookie for each top-level site.
   *
   * @default false
   */
  readonly partitioned?: boolean
  /**
   * Drops Secure and the prefix, for development over plain http on names other than localhost.
   *
   * @default false
   */
  readonly insecurePlainHttp?: boolean
  /**
   * Binds seals to a stage, so that a cookie of staging never opens in production, even under the same secret.
   *
   * @default undefined (one stage)
   */
  readonly audience?: string
  /**
   * Validates data on write (`ERR_SESSION_DATA`) and on read (no session). Any Standard Schema that accepts its own
   * output.
   *
   * @default undefined (any JSON object)
   */
  readonly schema?: Schema<Data>
  /**
   * Creates the data of a session that `set` begins if there is none.
   *
   * @default undefined (`set` without a session throws `ERR_SESSION_NOT_STARTED`)
   */
  readonly initial?: () => Data
  /**
   * Reads the user of a session from its data. A write that would change the user throws; only `start` may change it.
   *
   * @default undefined (sessions have no user: no `list`, no `endAll`)
   */
  readonly user?: (sessionData: Data) => string | undefined
  /**
   * Returns the outside session that a session depends on, from its data: such as the session at an identity provider.
   * A call of `endMarked` with the same value ends the session. The function runs when a session is created; later
   * changes of the data have no effect.
   *
   * @default undefined (sessions depend on no other)
   */
  readonly mark?: (sessionData: Data) => string | undefined
  /**
   * Cookies of older libraries, each of which is imported once: see `ironCookie`.
   *
   * @default []
   */
  readonly legacy?: readonly LegacyCookie<Data>[]
  /**
   * Binds sessions to the device that signed in, with `deviceBound()`. Experimental. It needs an atomic store, or
   * `revocation` where sessions are stateless.
   *
   * @default undefined (sessions are not bound)
   */
  readonly device?: DeviceOption
  /**
   * Stores with a session the browser, system, network and country that it was last used with: `clientInfo()`.
   *
   * @default undefined (nothing about the client is stored)
   */
  readonly clientInfo?: ClientInfoOption
  /**
   * Receives the events of sessions.
   *
   * @default undefined (events are dropped)
   */
  readonly onEvent?: Emit
  /**
   * Returns the current time in milliseconds since the epoch, for tests.
   *
   * @default Date.now
   */
  readonly clock?: Clock
}

/** A cookie of another library that is read once and never written: the result of `ironCookie()`. */
export interface LegacyCookie<Data extends SessionObject> {
  /** The cookie's whole name. */
  readonly name: string
  /** The cookie that removes it from the browser. */
  readonly expire: OutgoingCookie
  /** Opens a value, or returns undefined. It must not throw for a value that a client sent. */
  open(value: string, env: unknown, nowMs: number): Promise<OpenedLegacy<Data> | undefined>
}

/** The content of another library's cookie. */
export interface OpenedLegacy<Data extends SessionObject> {
  readonly data: Data
  /** A stable fingerprint of this one seal, such as its MAC. */
  readonly mark: string
  /**
   * When the seal expires, in milliseconds since the epoch. Until then a store remembers that it was imported.
   *
   * @default 400 days from now, since a seal without an expiry opens for ever
   */
  readonly expiresAt?: number
}
