/**
 * Types with which all sessions of an outside session (a mark) are ended, such as those of one session
 * at an identity provider. The stores, the revocations and `session/core` share them. Nothing here runs.
 */

/** A message that must take effect once, such as a logout token with its `jti`. */
export interface OnceMessage {
  /** Digest that names the message. */
  readonly id: string
  /** Milliseconds for which the store remembers it. */
  readonly life: number
}

/** Options of `endMarked`. */
export interface EndMarkedOptions {
  /** Milliseconds for which the mark stays ended: the longest life of a session. */
  readonly life: number
  /** The message that requests it. If the same message comes again, `endMarked` changes nothing and returns `false`. */
  readonly once?: OnceMessage
  /**
   * Random id of this call, without white space. A call that is sent again because its answer was lost has the same id, and
   * its message does not count as one that came before.
   */
  readonly write?: string
}
