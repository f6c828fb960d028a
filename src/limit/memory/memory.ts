/**
 * The exact rule in the memory of one isolate: for development, single processes, and while Redis
 * is unavailable. Applications and fallbacks of policies create it. Each isolate counts alone, so
 * a client has the limit once in each; wrong options are a `ConfigError`.
 */
import { sha256 } from '../../crypto/digest.ts'
import { checkKeys, createIssues, optionalFunction, parseWholeNumber } from '../../options/index.ts'
import type { Clock } from '../../types.ts'
import type { Limiter, LimitResult } from '../contract.ts'
import { evaluateLog, findResolution, type KeptLog } from '../exact/log.ts'
import { checkCost, createResult } from '../result.ts'
import { type RateOptions, validateRate } from '../settings.ts'
import { createBoundedMap, type ExpiringValue } from './bounded-map.ts'

/** Options of {@link memoryLimiter}. */
export interface MemoryLimiterOptions extends RateOptions {
  /** Keys that are counted at a time. Default 10,000, at most 1,000,000. When full, those unused for longest start anew. */
  readonly maxKeys?: number
  /** Now. Default `Date.now`. */
  readonly clock?: Clock
}

interface CountedEntry extends ExpiringValue, KeptLog {}

const nothing: KeptLog = { log: [], shift: 0 }

/** Longer keys are kept as a digest: what strangers send must not fill the memory. */
const longestKey = 128

/**
 * Creates a limiter in memory, as exact as `exactLimiter()`. It is **per isolate**: Workers run many isolates and end them at
 * any time, so a client gets the limit once from each. Used alone, it suits development, tests and a single long-running
 * process.
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
    const kept = counts.get(name, nowMs) ?? nothing
    const answer = evaluateLog(kept, rule, cost, nowMs)

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

  // Short keys keep their own text behind a letter, so that no key is another's digest.
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
        evaluateLog(counts.get(name, nowMs) ?? nothing, rule, 1, nowMs),
        nowMs,
      )
    },
    async forget(limitKey) {
      counts.delete(await createEntryName(limitKey))
    },
  }
}

/** Writes lone surrogates as escapes: UTF-8 encodes all of them as one character, so that two keys would share a digest. */
function escapeLoneSurrogates(text: string): string {
  return JSON.stringify(text)
}
