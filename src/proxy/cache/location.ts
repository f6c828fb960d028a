/**
 * Finds the key under which a cache stores the response to a request, and invalidates the responses of an address.
 * `serve.ts` and `public-cache.ts` call it. `findCacheLocation` throws a `TypeError` only for an origin that is no URL.
 * `invalidateCached` never rejects: `store.ts` swallows errors of the cache.
 */
import type { CacheTarget } from './context.ts'
import type { InvalidationTimes } from './invalidation-times.ts'
import { type CacheRules, createInvalidationUrl, createKeyUrl, selectQuery } from './rules.ts'
import { type CacheLocation, type CacheStore, invalidate } from './store.ts'

/** The parts of a route's cache. */
export interface CacheParts {
  readonly rules: CacheRules
  /** Stores the responses; undefined if the runtime has no cache. */
  readonly store: CacheStore | undefined
  /** Maximum bytes of a body that is cached. */
  readonly most: number
  /** The times at which this isolate began to refresh a response in the background, by key. */
  readonly refreshing: InvalidationTimes
  /** The invalidations of this isolate, so that a response that was requested before one is not stored. */
  readonly changes: Changes
}

/** The invalidations of one isolate: their number so far, and the number of the last one of each address. */
export interface Changes {
  count: number
  readonly last: InvalidationTimes
}

/** Returns the place of a response in the store, by the query and the headers that are part of the key. */
export function findCacheLocation(
  target: CacheTarget,
  { rules, store }: { readonly rules: CacheRules; readonly store: CacheStore },
  search: string,
  headers: Headers,
): CacheLocation {
  const cacheKey = new Request(createKeyUrl(target, search, headers))
  const varies = rules.vary.length > 0
  const invalidKey = varies ? new Request(createInvalidationUrl(target, search)) : undefined

  return { store, key: cacheKey, invalidKey }
}

/** Invalidates all cached responses of an address (RFC 9111 section 4.4). */
export async function invalidateCached(
  target: CacheTarget,
  { rules, store, changes }: CacheParts,
): Promise<void> {
  if (store === undefined) return
  const search = selectQuery(target.search, rules.query)
  const cacheLocation = findCacheLocation(target, { rules, store }, search, new Headers())
  changes.count++
  changes.last.set(cacheAddress(cacheLocation), changes.count)
  await invalidate(cacheLocation)
}

/** Returns a text that identifies an address, for all of its responses that differ by headers. */
export function cacheAddress({ key: cacheKey, invalidKey }: CacheLocation): string {
  return (invalidKey ?? cacheKey).url
}
