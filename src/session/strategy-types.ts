/** The strategies of this library: stateless and stored. */
import type { OnceMessage } from '../store/mark-types.ts'
import type { SessionInfo, SessionObject, SessionStrategy } from './types.ts'

/** Arguments of `endMarked`. */
export interface EndMarkedArgs {
  /** What the option `mark` returned for the sessions to end. */
  readonly mark: string
  /** The message that asks for it, if it must take effect once. */
  readonly once?: OnceMessage
  /** The bindings of the platform, as `c.env` has them. */
  readonly env?: unknown
}

/** A strategy whose sessions are in their cookies. */
export interface StatelessStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stateless'
  /** Ends every session of a user. Only with the option `revocation`. */
  endAll?(args: { readonly user: string; readonly env?: unknown }): Promise<void>
  /** As of {@link StoredStrategy.endMarked}. Only with the option `revocation`. */
  endMarked?(args: EndMarkedArgs): Promise<boolean>
}

/** A strategy whose sessions are in a store: what it keeps can be listed and ended from outside a request, too. */
export interface StoredStrategy<Data extends SessionObject> extends SessionStrategy<Data> {
  readonly kind: 'stored'
  /**
   * Every session of a user, for an administrator. Needs the option `user`.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the option or the store's verb is missing
   */
  list(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  /** Ends every session of a user at once, and says how many there were: when an account is closed or taken over. */
  endAll(args: { readonly user: string; readonly env?: unknown }): Promise<number>
  /**
   * Ends every session whose option `mark` gives this mark, also those that begin later, for as long
   * as a session can live. Resolves with false where the message `once` came before; then nothing has
   * changed.
   *
   * @throws {ConfigError} `ERR_CONFIG` where the option `mark` or the store's verb is missing
   */
  endMarked(args: EndMarkedArgs): Promise<boolean>
}
