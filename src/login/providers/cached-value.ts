/**
 * Keeps a value of a provider, renews it behind a request, and goes on using it while the provider
 * is unavailable. `connection.ts` and `alb-keys.ts` cache metadata and keys with it. It rejects
 * only where there is no value yet, or one that is too old.
 */
import type { Clock } from '../../types.ts'
import { LoginError } from '../types.ts'

/** Milliseconds for which a value is used without a question. */
const freshFor = 600_000
/** Milliseconds between two tries after a failure. */
const pause = 30_000
/** Milliseconds between two looks at a question that another request has asked. */
const pollEvery = 15

/** How a value is kept. */
export interface CachedValueOptions<T> {
  readonly clock: Clock
  /** Milliseconds for which an old value is used while the provider cannot be asked. */
  readonly oldest: number
  readonly load: () => Promise<T>
  /** Called when an old value begins to be used on, and when the provider is back. */
  readonly onStale: (isStale: boolean) => void
  /** Milliseconds to wait for a question that another request has asked. */
  readonly patienceMs: number
}

/** A value that is kept. */
export interface CachedValue<T> {
  /** The value. `waitUntil` takes work that may end after the response. */
  read(waitUntil?: (work: Promise<unknown>) => void): Promise<T>
  /** Asks again, by this verb at most once in `every` ms; the old value stays where that fails. */
  renew(every: number): Promise<T>
}

/** A clock that goes back makes nothing fresh for longer. */
function createIsWithin(clock: Clock): (since: number, life: number) => boolean {
  return (since, life) => {
    const age = clock() - since
    return age >= 0 && age < life
  }
}

/** Makes a cache of one value. No promise is shared between requests: on Workers it may never settle. */
export function createCachedValue<T>(options: CachedValueOptions<T>): CachedValue<T> {
  const { clock, oldest, load, onStale, patienceMs } = options
  let entry: { readonly value: T; readonly at: number } | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let renewedAt = Number.NEGATIVE_INFINITY
  let failure: LoginError | undefined
  let isLoading = false
  let isStale = false

  const isWithin = createIsWithin(clock)

  function note(stale: boolean): void {
    if (stale !== isStale) onStale(stale)
    isStale = stale
  }

  async function ask(): Promise<T> {
    triedAt = clock()
    isLoading = true
    try {
      const value = await load()
      entry = { value, at: clock() }
      failure = undefined
      note(false)
      return value
    } catch (error) {
      failure = error instanceof LoginError ? error : new LoginError('provider-unreachable')
      if (entry !== undefined) note(true)
      throw failure
    } finally {
      isLoading = false
    }
  }

  /** Looks at the value on this request's own timer while another request asks for it. */
  async function waitForOther(): Promise<T | undefined> {
    for (let waitedMs = 0; isLoading && waitedMs < patienceMs; waitedMs += pollEvery) {
      await new Promise((done) => setTimeout(done, pollEvery))
    }
    if (entry !== undefined && isWithin(entry.at, freshFor)) return entry.value
    if (failure !== undefined && isWithin(triedAt, pause)) throw failure
    return undefined
  }

  return {
    async read(waitUntil) {
      if (entry !== undefined && isWithin(entry.at, freshFor)) return entry.value

      if (entry !== undefined && isWithin(entry.at, oldest)) {
        const { value } = entry
        if (isLoading || isWithin(triedAt, pause)) return value
        const work = ask().catch(() => value)
        if (waitUntil === undefined) return work
        waitUntil(work)
        return value
      }

      if (isLoading) {
        const value = await waitForOther()
        if (value !== undefined) return value
      }
      return ask()
    },
    async renew(every) {
      if (entry === undefined) return this.read()
      const { value } = entry
      if (isLoading) return (await waitForOther()) ?? value
      if (isWithin(renewedAt, every)) return value
      renewedAt = clock()
      return ask().catch(() => value)
    },
  }
}
