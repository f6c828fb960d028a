/**
 * Creates `memoryLimiter()`, which counts in the memory of one isolate by the same rule as
 * `exactLimiter()`. Applications create it for development, tests and single processes, and
 * `policies.ts` creates it as the fallback while a store is unavailable. Each isolate counts alone,
 * so a client gets the whole limit in each. Wrong options throw a `ConfigError` while building, and
 * a cost that is not a whole number of at least 1 rejects with a `RangeError`. When `maxKeys` is
 * reached, the keys unused for longest lose their count.
 */
import { sha256 } from '../../crypto/digest.ts'
import { createBoundedMap, type ExpiringValue } from '../../memory/bounded-map.ts'
import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../../options/index.ts'
import type { Clock } from '../../types.ts'
import type { Limiter, LimitResult } from '../contract.ts'
import { evaluateLog, findResolution, type KeptLog } from '../exact/log.ts'
import { checkCost, createResult } from '../result.ts'
import { type RateOptions, validateRate } from '../settings.ts'

/** Options of {@link memoryLimiter}. */
export interface MemoryLimiterOptions extends RateOptions {
  /**
   * The most keys that are counted at a time. Default 10,000, at most 1,000,000. When it is
   * reached, the keys unused for longest start at zero again.
   */
  readonly maxKeys?: number
  /** Returns the current time in ms. Default `Date.now`. */
  readonly clock?: Clock
}

interface CountedEntry extends ExpiringValue, KeptLog {}

const emptyLog: KeptLog = { log: [], shift: 0 }

/**
 * Keys with more characters are stored as a digest, so that long keys of strangers do not fill the
 * memory.
 */
const longestKey = 128

/**
 * Creates a limiter in memory, as exact as `exactLimiter()`. It counts **per isolate**: Workers run
 * many isolates and end them at any time, so a client gets the whole limit from each. Used alone,
 * it suits development, tests and a single long-running process.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * rateLimit({ limiter: memoryLimiter({ limit: 100, window: 60 }), platform: 'node' })
 */
export function memoryLimiter(options: MemoryLimiterOptions): Limiter {
  const issues = createIssues('memoryLimiter')
  checkKeys(issues, options, ['limit', 'window', 'maxKeys', 'clock'])

  const input: Partial<MemoryLimiterOptions> = { ...options }
  const { limit, window } = validateRate(input, issues)
  const bounds = { min: 1, max: 1_000_000, unit: 'keys' }
  const maxKeys = parseWholeNumber(issues, 'maxKeys', input.maxKeys, bounds) ?? 10_000
  const clock = optionalFunction(issues, 'clock', input.clock) ?? Date.now

  issues.throwIfAny()

  const windowMs = window * 1000
  const rule = { limit, windowMs, grainMs: findResolution(limit, windowMs) }
  const counts = createBoundedMap<CountedEntry>(maxKeys)

  function take(name: string, cost: number): LimitResult {
    const nowMs = Math.floor(clock())
    const storedLog = counts.get(name, nowMs) ?? emptyLog
    const answer = evaluateLog(storedLog, rule, cost, nowMs)

    if (!answer.allowed) {
      if (answer.afterDenial)
        counts.put(name, { ...answer.afterDenial, until: answer.keepUntil }, nowMs)
      return createResult(limit, answer, nowMs)
    }

    counts.put(name, { ...answer.next, until: answer.keepUntil }, nowMs)
    return createResult(
      limit,
      { ...answer, free: answer.free - cost, resetAt: answer.nextResetAt },
      nowMs,
    )
  }

  // Short keys are stored as text with a prefix, so that none equals the digest of another.
  const createEntryName = async (limitKey: string): Promise<string> =>
    limitKey.length > longestKey ? sha256(escapeLoneSurrogates(limitKey)) : `=${limitKey}`

  return {
    limit,
    window,
    async take(limitKey, cost = 1) {
      checkCost(cost)
      return take(await createEntryName(limitKey), cost)
    },
    async peek(limitKey) {
      const name = await createEntryName(limitKey)
      const nowMs = Math.floor(clock())
      return createResult(
        limit,
        evaluateLog(counts.get(name, nowMs) ?? emptyLog, rule, 1, nowMs),
        nowMs,
      )
    },
    async forget(limitKey) {
      counts.delete(await createEntryName(limitKey))
    },
  }
}

/**
 * Writes lone surrogates as escapes. UTF-8 encodes all of them as one character, so two keys would
 * share a digest.
 */
function escapeLoneSurrogates(text: string): string {
  return JSON.stringify(text)
}
