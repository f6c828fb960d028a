/**
 * Computes the time of one key, which never runs backwards, whatever clocks its takes were counted
 * by. The exact rule uses it here in `log.ts`, and `script.ts` has the same in Lua. It is pure and
 * has no errors: a clock that is far behind counts as set back.
 */

/**
 * Milliseconds: clocks of isolates may differ by a minute, and a request may be on its way to the store for a second.
 * Only a clock that is further behind than that has been set back once more.
 */
export const KEY_CLOCK_SKEW_MS = 61_000

/** The moments that a key remembers. */
export interface KeyClock {
  /** The latest moment that was written down for the key; undefined where nothing was. */
  readonly last: number | undefined
  /** By how many ms the clocks are behind that come after `last` was written; 0 where none is known to be. */
  readonly shift: number
}

/** A moment of one clock in the time of the key. */
export interface KeyTime {
  /** The moment, at least `last`. */
  readonly at: number
  /** The moments to remember if this take is written down. */
  readonly shift: number
  /** Whether `shift` has to be remembered even if nothing is taken: else the time of the key would stand still. */
  readonly isNew: boolean
}

/**
 * Reads `now` in the time of a key. A clock that is ahead moves the time of the key forward. One that is behind does not
 * move it back, because what was taken would then count for longer or shorter than it should; the difference is added to
 * it from then on, so that a clock that was set back blocks nobody for longer.
 *
 * The first clock that is behind decides the difference. It is not worked out anew for each, otherwise several clocks
 * could push the time of the key forward without end.
 */
export function readKeyTime(nowMs: number, { last, shift }: KeyClock): KeyTime {
  // A difference that no two clocks have, and a clock that is not behind any more: it was set back, and was put right.
  if (last === undefined || (nowMs >= last && shift > KEY_CLOCK_SKEW_MS))
    return { at: nowMs, shift: 0, isNew: false }

  const behind = last - nowMs - shift
  const isNew = behind > (shift === 0 ? 0 : KEY_CLOCK_SKEW_MS)
  const added = isNew ? last - nowMs : shift

  return { at: Math.max(last, nowMs + added), shift: added, isNew }
}
