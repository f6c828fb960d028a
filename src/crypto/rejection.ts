/** Why a token was not opened. */

/**
 * A token that was not opened, and why; for logs and for the decision whether a cookie may be replaced. A client never
 * sees it: to the client each of these is no session.
 *
 * - `malformed`: nothing that we, or the library it is said to come from, would have written.
 * - `too-long`: more characters than allowed; not looked at.
 * - `unknown-key`: well-formed, but made with a key that is not here. A deployment one step ahead may have made it.
 * - `expired`: made with a known key, too long ago.
 * - `from-the-future`: made with a known key on a day that is not here yet: one of two clocks is wrong.
 * - `tampered`: the authentication tag does not hold: changed, or made for another purpose, name or audience.
 */
export interface SealRejection {
  /** Why it does not open. */
  readonly refused:
    | 'malformed'
    | 'too-long'
    | 'unknown-key'
    | 'expired'
    | 'from-the-future'
    | 'tampered'
}

export const malformed: SealRejection = Object.freeze({ refused: 'malformed' })
export const tooLong: SealRejection = Object.freeze({ refused: 'too-long' })
export const unknownKey: SealRejection = Object.freeze({ refused: 'unknown-key' })
export const expired: SealRejection = Object.freeze({ refused: 'expired' })
export const fromTheFuture: SealRejection = Object.freeze({ refused: 'from-the-future' })
export const tampered: SealRejection = Object.freeze({ refused: 'tampered' })
