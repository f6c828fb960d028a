/**
 * Types of how sessions end that depend on an outside session. Stores and sessions share them.
 * Nothing here runs.
 */

/** A message that must take effect once, such as a logout token with its `jti`. */
export interface OnceMessage {
  /** Digest that names the message. */
  readonly id: string
  /** Milliseconds for which the store remembers it. */
  readonly life: number
}

/** How `endMarked` ends the sessions of a mark. */
export interface EndMarkedOptions {
  /** Milliseconds for which the mark stays ended: the longest life of a session. */
  readonly life: number
  /** The message that asks for it. The same message again changes nothing and answers `false`. */
  readonly once?: OnceMessage
}
