/**
 * Caches one value that is fetched from a provider (its metadata or its keys), refreshes it in the
 * background, and keeps using an old one while the provider is down. `connection.ts` and
 * `edge/alb-keys.ts` create caches with it.
 *
 * A value is fresh for 10 minutes. After that it is fetched again, at most every 30 seconds while the
 * provider fails. `read` rejects with the `LoginError` of the fetch only where there is no value or
 * one older than `oldest`; `renew` rejects only where there is no value. Requests that run in one
 * isolate at the same time mostly share one fetch; a request that waits longer than `patienceMs`
 * fetches by itself.
 */
import type { Clock } from '../../types.ts'
import { LoginError } from '../types.ts'

/** Milliseconds for which a value is used without fetching it again. */
const freshFor = 600_000
/** Milliseconds after a failed fetch in which no other is sent while there is a value, or a failure to report. */
const pause = 30_000
/** Milliseconds between two checks whether the fetch of another request has ended. */
const pollEvery = 15

/** Options of a cache. */
export interface CachedValueOptions<T> {
  readonly clock: Clock
  /** Milliseconds for which an old value is used while it cannot be fetched. */
  readonly oldest: number
  readonly load: () => Promise<T>
  /** Called with true when a fetch fails and an old value stays in use, and with false when a fetch succeeds again. */
  readonly onStale: (isStale: boolean) => void
  /** Milliseconds to wait for the fetch of another request. */
  readonly patienceMs: number
}

/** A cached value. */
export interface CachedValue<T> {
  /** Returns the value. With `waitUntil` an old value is returned and fetched again after the response. */
  read(waitUntil?: (work: Promise<unknown>) => void): Promise<T>
  /** Fetches the value again, at most once in `every` milliseconds. Returns the old value where that fails. */
  renew(every: number): Promise<T>
}

/**
 * Creates a comparison of ages. A time in the future counts as too old, so a clock that is set back extends nothing.
 */
function createIsWithin(clock: Clock): (since: number, life: number) => boolean {
  return (since, life) => {
    const age = clock() - since
    return age >= 0 && age < life
  }
}

/**
 * Creates the cache of one value. Requests share no promise: on Workers a promise that another request created may
 * never settle.
 */
export function createCachedValue<T>(options: CachedValueOptions<T>): CachedValue<T> {
  const { clock, oldest, load, onStale, patienceMs } = options
  let entry: { readonly value: T; readonly loadedAt: number } | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let renewedAt = Number.NEGATIVE_INFINITY
  let failure: LoginError | undefined
  let isLoading = false
  let isStale = false

  const isWithin = createIsWithin(clock)

  function reportStale(stale: boolean): void {
    if (stale !== isStale) onStale(stale)
    isStale = stale
  }

  async function fetchValue(): Promise<T> {
    triedAt = clock()
    isLoading = true
    try {
      const value = await load()
      entry = { value, loadedAt: clock() }
      failure = undefined
      reportStale(false)
      return value
    } catch (error) {
      failure = error instanceof LoginError ? error : new LoginError('provider-unreachable')
      if (entry !== undefined) reportStale(true)
      throw failure
    } finally {
      isLoading = false
    }
  }

  /** Waits, with a timer of this request, until the fetch of another request has ended. */
  async function waitForOther(): Promise<T | undefined> {
    for (let waitedMs = 0; isLoading && waitedMs < patienceMs; waitedMs += pollEvery) {
      await new Promise((done) => setTimeout(done, pollEvery))
    }
    if (entry !== undefined && isWithin(entry.loadedAt, freshFor)) return entry.value
    if (failure !== undefined && isWithin(triedAt, pause)) throw failure
    return undefined
  }

  return {
    async read(waitUntil) {
      if (entry !== undefined && isWithin(entry.loadedAt, freshFor)) return entry.value

      if (entry !== undefined && isWithin(entry.loadedAt, oldest)) {
        const { value } = entry
        if (isLoading || isWithin(triedAt, pause)) return value
        const work = fetchValue().catch(() => value)
        if (waitUntil === undefined) return work
        waitUntil(work)
        return value
      }

      if (isLoading) {
        const value = await waitForOther()
        if (value !== undefined) return value
      }
      return fetchValue()
    },
    async renew(every) {
      if (entry === undefined) return this.read()
      const { value } = entry
      if (isLoading) return (await waitForOther()) ?? value
      if (isWithin(renewedAt, every)) return value
      renewedAt = clock()
      return fetchValue().catch(() => value)
    },
  }
}
