/** Updates the state of a probed service after each probe, as pure functions. */

/** One thing that is watched. */
export interface RememberedState {
  /** The state that was last reported. */
  readonly down: boolean
  /** Looks in a row that failed. */
  readonly failures: number
  /** Milliseconds since the epoch: the first of these failures, or the recovery. */
  readonly since: number
}

/** All of them, by name. */
export type UptimeMemory = ReadonlyMap<string, RememberedState>

/**
 * Computes the state after a probe.
 *
 * @param max - failures in a row from which on it counts as down. One success counts as up: who is told of a recovery too
 *   early hears of it again.
 */
export function updateState(
  before: RememberedState | undefined,
  failed: boolean,
  max: number,
  now: number,
): RememberedState {
  const { down = false, failures = 0, since = now } = before ?? {}
  if (!failed) return { down: false, failures: 0, since: down || failures > 0 ? now : since }

  const next = failures + 1
  return { down: down || next >= max, failures: next, since: failures === 0 ? now : since }
}

/** As text, for a store. */
export function writeMemory(memory: UptimeMemory): string {
  return JSON.stringify(Object.fromEntries(memory))
}

/** From text; what is none of ours reads as nothing remembered. */
export function readMemory(text: string | undefined): Map<string, RememberedState> {
  const memory = new Map<string, RememberedState>()
  let found: unknown

  try {
    found = JSON.parse(text ?? '{}')
  } catch {
    return memory
  }

  for (const [name, entry] of Object.entries(found ?? {})) {
    const { down, failures, since } = (entry ?? {}) as Partial<RememberedState>
    if (
      typeof down !== 'boolean' ||
      !isCount(failures, Number.MAX_SAFE_INTEGER) ||
      !isCount(since, latest)
    )
      continue

    memory.set(name, { down, failures, since })
  }

  return memory
}

/** Milliseconds of the last moment that has a date (ECMA-262 section 21.4.1.1). */
const latest = 8.64e15

function isCount(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
}
