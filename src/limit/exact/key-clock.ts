/**
 * Computes the time of one limited key from the clocks of the isolates that count it, such that the
 * key's time never runs backwards. The exact limiter calls it in `log.ts`, and `script.ts` repeats
 * it in Lua. It is pure and throws nothing. A clock more than 61 s behind the key's time counts as
 * one that was set back.
 */

/**
 * The most ms by which a clock may be behind without counting as set back: the clocks of isolates
 * may differ by a minute, and a request may travel for a second. Only a clock that is further
 * behind was set back once more.
 */
export const KEY_CLOCK_SKEW_MS = 61_000

/** The moments that are stored with a key. */
export interface KeyClock {
  /** The latest moment that was stored for the key. Undefined where none was. */
  readonly last: number | undefined
  /**
   * The ms that are added to clocks which are behind `last`. 0 where none is known to be behind.
   */
  readonly shift: number
}

/** A moment of one clock, translated to the time of the key. */
export interface KeyTime {
  /** The moment, at least `last`. */
  readonly at: number
  /** The shift to store if this take is stored. */
  readonly shift: number
  /**
   * Whether `shift` must be stored even if the take is denied. Otherwise the time of the key would
   * stand still.
   */
  readonly isNew: boolean
}

/**
 * Translates `nowMs` to the time of a key. A clock that is ahead moves the time of the key forward.
 * A clock that is behind does not move it back, because units that were consumed would then count
 * for longer or shorter than they should. Instead, its difference is added to it from then on, so
 * that a clock that was set back blocks nobody for longer.
 *
 * The first clock that is behind decides the difference. A difference of its own for each clock
 * would let several clocks push the time of the key forward without end.
 */
export function readKeyTime(nowMs: number, { last, shift }: KeyClock): KeyTime {
  // The stored difference is larger than two clocks can have, and this clock is not behind: a clock
  // was set back and then corrected.
  if (last === undefined || (nowMs >= last && shift > KEY_CLOCK_SKEW_MS))
    return { at: nowMs, shift: 0, isNew: false }

  const behind = last - nowMs - shift
  const isNew = behind > (shift === 0 ? 0 : KEY_CLOCK_SKEW_MS)
  const newShift = isNew ? last - nowMs : shift

  return { at: Math.max(last, nowMs + newShift), shift: newShift, isNew }
}
