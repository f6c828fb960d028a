/** Options of strategies, as they are given. */
import type { Clock, Emit, FromEnv, OutgoingCookie, ProjectEnv } from '../../types.ts'
import type { Schema } from './schema.ts'
import type { SessionObject } from './types.ts'

/** Options that every strategy has. Absent = default. */
export interface SessionOptions<Data extends SessionObject, E = ProjectEnv> {
  /**
   * One secret or several, each of at least 32 characters: a list, or one text with white space between them, as an
   * environment holds it. The first seals, all open. `npm run secret` prints a good one.
   * Rotate in two deploys: append the new one, then move it first; keep the old one for `maxAge`.
   */
  readonly secret: FromEnv<string | readonly string[], E>
  /** Seconds a session lives at most. Default 8 h (28,800), as Keystone's; at most 400 days. */
  readonly maxAge?: number
  /** Seconds without a request after which a session ends. Default 1 h (NIST SP 800-63B-4 AAL2), never above `maxAge`. */
  readonly idleTimeout?: number
  /** The same before `start`, for sessions of visitors. Default 15 min, never above `idleTimeout`. */
  readonly anonymousIdle?: number
  /** Name of the cookie without prefix. Default `session`; it is sent as `__Host-session`, or `__Secure-session` with a Domain or Path. */
  readonly name?: string
  /** Default `/`. Another path moves the prefix to `__Secure-`. */
  readonly path?: string
  /** Default none: this host only. A domain moves the prefix to `__Secure-` and lets sibling hosts plant cookies. */
  readonly domain?: string
  /** Default true. `false` is refused unless `insecurePlainHttp` says that it is meant. */
  readonly secure?: boolean
  /** Default `'lax'`. `true` is `'strict'`; `false` leaves the attribute out. */
  readonly sameSite?: boolean | 'strict' | 'lax' | 'none'
  /** CHIPS: the cookie is kept apart for each top-level site. Default false. */
  readonly partitioned?: boolean
  /** Drops Secure and the prefix, for development over plain http on names other than localhost. Default false. */
  readonly insecurePlainHttp?: boolean
  /** Binds seals to a stage, so that staging's cookie never opens in production under the same secret. Default none. */
  readonly audience?: string
  /** Judges data on write (`ERR_SESSION_DATA`) and on read (no session). Any Standard Schema; must accept its own output. */
  readonly schema?: Schema<Data>
  /** Data of a session that `set` may make where there is none. Default: `set` without a session throws. */
  readonly initial?: () => Data
  /** Who the session belongs to, from its data. A write that would change it throws; only `start` may. */
  readonly user?: (data: Data) => string | undefined
  /**
   * The outside session that this one depends on, from its data: the session at an identity provider.
   * Once `endMarked` was called for it, sessions that name it have ended. Read when a session is made;
   * later changes of the data do not move it. Default none.
   */
  readonly mark?: (data: Data) => string | undefined
  /** Cookies of older libraries to import once. Default none. */
  readonly legacy?: readonly LegacyCookie<Data>[]
  /** Takes the room's events. Default none. */
  readonly onEvent?: Emit
  /** Now; for tests. Default `Date.now`. */
  readonly clock?: Clock
}

/** A cookie of another library that is read once and never written; `ironCookie` makes one. */
export interface LegacyCookie<Data extends SessionObject> {
  /** Its whole name. */
  readonly name: string
  /** What removes it from the browser. */
  readonly expire: OutgoingCookie
  /** Opens a value, or undefined. Must not throw for what a client sent. */
  open(value: string, env: unknown, now: number): Promise<OpenedLegacy<Data> | undefined>
}

/** What was in a cookie of another library. */
export interface OpenedLegacy<Data extends SessionObject> {
  readonly data: Data
  /** A stable mark of this very seal, such as its MAC. */
  readonly mark: string
  /**
   * When the seal ends by itself, in milliseconds since the epoch. Until then a store remembers that it was imported.
   * Default: 400 days from now, since a seal without an end never stops to open.
   */
  readonly expiresAt?: number
}
