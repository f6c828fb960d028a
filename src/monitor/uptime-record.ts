/**
 * Computes the up or down state of a probed service after each probe, and converts all states to
 * JSON text and back. The uptime check calls it and stores the text, for example in Redis. It is
 * pure and throws nothing: a text that is no such record counts as an empty one, and an entry with
 * a wrong type is dropped, so that its service counts as up.
 */

/** The state of one probed service. */
export interface RememberedState {
  /** The state that was last reported. */
  readonly down: boolean
  /** The number of consecutive failures. */
  readonly failures: number
  /** The time of the first of these failures or of the recovery, in ms since the epoch. */
  readonly since: number
}

/** The states of all services, by kind and name. */
export type UptimeMemory = ReadonlyMap<string, RememberedState>

/**
 * Computes the state of a service after a probe.
 *
 * @param failureThreshold - the number of consecutive failures with which the service counts as
 *   down. One success counts as up; if the service fails again, its next failures are notified
 *   again.
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

/** Returns the states as text, for a store. */
export function writeMemory(memory: UptimeMemory): string {
  return JSON.stringify(Object.fromEntries(memory))
}

/** Parses the text of a record; a foreign text counts as an empty record. */
export function readMemory(text: string | undefined): Map<string, RememberedState> {
  const memory = new Map<string, RememberedState>()
  let parsedRecord: unknown

  try {
    parsedRecord = JSON.parse(text ?? '{}')
  } catch {
    return memory
  }

  for (const [serviceName, serviceState] of Object.entries(parsedRecord ?? {})) {
    const { down: isDown, failures, since } = (serviceState ?? {}) as Partial<RememberedState>
    if (
      typeof isDown !== 'boolean' ||
      !isCount(failures, Number.MAX_SAFE_INTEGER) ||
      !isCount(since, latestTime)
    )
      continue

    memory.set(serviceName, { down: isDown, failures, since })
  }

  return memory
}

/** The latest moment of a Date in ms (ECMA-262 section 21.4.1.1). */
const latestTime = 8.64e15

function isCount(value: unknown, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max
}
