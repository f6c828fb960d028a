/** The exact rule in the memory of one isolate: for development, single processes, and while Redis is away. */
import { sha256 } from '../crypto/digest.ts'
import { checkKeys, faults, optionalFunction, wholeNumber } from '../options/index.ts'
import type { Clock } from '../types.ts'
import { bounded, type Lasting } from './bounded.ts'
import type { Limiter, LimitResult } from './contract.ts'
import { grainOf, judgeLog, type KeptLog } from './log.ts'
import { checkCost, resultOf } from './result.ts'
import { judgeRate, type RateOptions } from './settings.ts'

/** Options of {@link memoryLimiter}. */
export interface MemoryLimiterOptions extends RateOptions {
  /** Keys that are counted at a time. Default 10,000, at most 1,000,000. When full, those unused for longest start anew. */
  readonly maxKeys?: number
  /** Now. Default `Date.now`. */
  readonly clock?: Clock
}

interface Counted extends Lasting, KeptLog {}

const nothing: KeptLog = { log: [], shift: 0 }

/** Longer keys are kept as a digest: what strangers send must not fill the memory. */
const longestKey = 128

/**
 * Makes a limiter in memory, as exact as `exactLimiter`. It is **per isolate**: Workers run many at once and end them at
 * will, so that a client gets the limit once from each. Alone it is right for development, tests and one long-lived process.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 */
export function memoryLimiter(options: MemoryLimiterOptions): Limiter {
  const wrong = faults('memoryLimiter')
  checkKeys(wrong, options, ['limit', 'window', 'maxKeys', 'clock'])
  const given: Partial<MemoryLimiterOptions> = { ...options }
  const { limit, window } = judgeRate(given, wrong)
  const bounds = { least: 1, most: 1_000_000, unit: 'keys' }
  const maxKeys = wholeNumber(wrong, 'maxKeys', given.maxKeys, 10_000, bounds)
  const clock = optionalFunction(wrong, 'clock', given.clock) ?? Date.now
  wrong.done()

  const windowMs = window * 1000
  const rule = { limit, windowMs, grainMs: grainOf(limit, windowMs) }
  const counts = bounded<Counted>(maxKeys)

  function take(name: string, cost: number): LimitResult {
    const now = Math.floor(clock())
    const kept = counts.get(name, now) ?? nothing
    const answer = judgeLog(kept, rule, cost, now)
    if (!answer.allowed) {
      if (answer.denied) counts.put(name, { ...answer.denied, until: answer.keepUntil }, now)
      return resultOf(limit, answer, now)
    }
    counts.put(name, { ...answer.next, until: answer.keepUntil }, now)
    return resultOf(limit, { ...answer, free: answer.free - cost, resetAt: answer.nextResetAt }, now)
  }
  // Short keys keep their own text behind a letter, so that no key is another's digest.
  const nameOf = async (key: string): Promise<string> => (key.length > longestKey ? sha256(wellFormed(key)) : `=${key}`)

  return {
    limit,
    window,
    async take(key, cost = 1) {
      checkCost(cost)
      return take(await nameOf(key), cost)
    },
    async peek(key) {
      const name = await nameOf(key)
      const now = Math.floor(clock())
      return resultOf(limit, judgeLog(counts.get(name, now) ?? nothing, rule, 1, now), now)
    },
    async forget(key) {
      counts.delete(await nameOf(key))
    },
  }
}

/** Lone surrogates as escapes: in UTF-8 all would be the same. */
function wellFormed(text: string): string {
  return JSON.stringify(text)
}
