/** Timers that run out when a test says so, and not when a busy machine comes round to it. */

/** Timers of some lengths. */
export interface HeldTimers {
  /** How many were started and neither cleared nor run out. */
  readonly running: number
  /** Lets all of them run out. */
  runOut(): void
  /** Gives the runtime its timers back. */
  restore(): void
}

/** Holds every timer of exactly one of these lengths, in milliseconds; others run as they do. */
export function holdTimers(...lengths: number[]): HeldTimers {
  const { setTimeout: set, clearTimeout: clear } = globalThis
  const held = new Map<unknown, () => void>()
  globalThis.setTimeout = ((work: () => void, delay?: number, ...more: unknown[]) => {
    if (!lengths.includes(delay ?? 0)) return set(work as never, delay, ...(more as never[]))
    const timer = set(() => {}, 0)
    held.set(timer, work)
    return timer
  }) as typeof setTimeout
  globalThis.clearTimeout = ((timer: Parameters<typeof clearTimeout>[0]) => {
    held.delete(timer)
    clear(timer)
  }) as typeof clearTimeout
  return {
    get running(): number {
      return held.size
    },
    runOut(): void {
      const works = [...held.values()]
      held.clear()
      for (const work of works) work()
    },
    restore(): void {
      globalThis.setTimeout = set
      globalThis.clearTimeout = clear
    },
  }
}
