/**
 * Computes the state of a probed service after each probe, and reads and writes the record of all
 * of them. `uptime.ts` calls it. It is pure; text that is no record counts as an empty one.
 */

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
 * @param failureThreshold - failures in a row from which on it counts as down. One success counts as up: who is told of a recovery too
 *   early hears of it again.
 */
export function updateState(
  previousState: RememberedState | undefined,
  hasFailed: boolean,
  failureThreshold: number,
  now: number,
): RememberedState {
  const { down: wasDown = false, failures = 0, since = now } = previousState ?? {}
  if (!hasFailed) return { down: false, failures: 0, since: wasDown || failures > 0 ? now : since }

  const next = failures + 1

  return {
    down: wasDown || next >= failureThreshold,
    failures: next,
    since: failures === 0 ? now : since,
  }
}

/** As text, for a store. */
export function writeMemory(memoryText: UptimeMemory): string {
  return JSON.stringify(Object.fromEntries(memoryText))
}

/** Parses the text of a record; a foreign text counts as an empty record. */
export function readMemory(text: string | undefined): Map<string, RememberedState> {
  const memoryText = new Map<string, RememberedState>()
  let parsedRecord: unknown

  try {
    parsedRecord = JSON.parse(text ?? '{}')
  } catch {
    return memoryText
  }

  for (const [serviceName, serviceState] of Object.entries(parsedRecord ?? {})) {
    const { down: isDown, failures, since } = (serviceState ?? {}) as Partial<RememberedState>
    if (
      typeof isDown !== 'boolean' ||
      !isCount(failures, Number.MAX_SAFE_INTEGER) ||
      !isCount(since, latestTime)
    )
      continue

    memoryText.set(serviceName, { down: isDown, failures, since })
  }

  return memoryText
}

/** Milliseconds of the last moment that has a date (ECMA-262 section 21.4.1.1). */
const latestTime = 8.64e15

function isCount(value: unknown, failureThreshold: number): value is number {
  return (
    Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= failureThreshold
  )
}
