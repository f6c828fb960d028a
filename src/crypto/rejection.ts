/**
 * The reasons why a sealed token is rejected, as frozen objects that are returned without allocation.
 * `seal.ts`, `day-keys.ts` and the iron functions return them; sessions read the member `refused` to
 * decide whether a request may replace the cookie. Nothing here runs.
 */

/**
 * The reason why a token was rejected, for events and for the decision whether a cookie may be replaced. A client never
 * sees the reason: to a client each of them means that it has no session.
 *
 * - `malformed`: text that neither this library nor the library named in the token would have written.
 * - `too-long`: more characters than allowed. The token was not read.
 * - `unknown-key`: well-formed, but sealed with a key that this deployment does not have, perhaps by a newer
 * deployment.
 * - `expired`: sealed with a known key, too long ago.
 * - `from-the-future`: sealed with a known key on a day that has not come yet, so one of two clocks is wrong.
 * - `tampered`: the authentication tag does not match: the token was changed, or sealed for another purpose, name or
 *   audience.
 */
export interface SealRejection {
  /** The reason. */
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
