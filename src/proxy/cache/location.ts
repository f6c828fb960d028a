/**
 * Finds where a cache keeps the response to a request, and invalidates that place. `serve.ts` and
 * `public-cache.ts` call it. It never rejects.
 */
import type { CacheTarget } from './context.ts'
import type { InvalidationTimes } from './invalidation-times.ts'
import { type CacheRules, createInvalidationUrl, createKeyUrl, selectQuery } from './rules.ts'
import { type CacheLocation, type CacheStore, invalidate } from './store.ts'

/** A cache, ready for requests. */
export interface CacheParts {
  readonly rules: CacheRules
  readonly store: CacheStore | undefined
  /** Bytes of the largest body that is cached. */
  readonly most: number
  /** Answers that this isolate asks for in the background, by key, and since when. */
  readonly refreshing: InvalidationTimes
  /** Counts the changes that this isolate knows of, and records the last one of each address. */
  readonly changes: Changes
}

/** Changes that one isolate knows of, by address. */
export interface Changes {
  count: number
  readonly last: InvalidationTimes
}

/** Where the answer to a request lies. */
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

/** Makes what a cache holds of one address invalid. RFC 9111 section 4.4. */
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

/** One for all forms of an answer. */
export function cacheAddress({ key: cacheKey, invalidKey }: CacheLocation): string {
  return (invalidKey ?? cacheKey).url
}
