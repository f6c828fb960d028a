/**
 * The reasons why a token is rejected, as frozen objects that cost nothing to return. `seal.ts`,
 * `day-keys.ts` and the iron functions return them; sessions read `refused` to decide whether a
 * cookie is expired or forged.
 */

/**
 * Why a token was rejected, for logs and for the decision whether a cookie may be replaced. A client never sees the reason:
 * each of them reads as no session.
 *
 * - `malformed`: neither we nor the library that the token claims to be from would have written it.
 * - `too-long`: more characters than allowed. The token was not read.
 * - `unknown-key`: well-formed, but made with a key that this deployment does not have. A newer one may have made it.
 * - `expired`: made with a known key, too long ago.
 * - `from-the-future`: made with a known key on a day that has not come yet: one of two clocks is wrong.
 * - `tampered`: the authentication tag does not match: the token was changed, or made for another purpose, name or audience.
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
