/**
 * Creates a limiter over the rate limiting binding of Cloudflare Workers, which counts per location
 * and only roughly, but needs no request to a store. Applications put it in front of an exact
 * limiter. Wrong options throw a `ConfigError` while building, and a missing binding throws one at
 * the first request. `take` throws a `RangeError` for a cost other than 1. It rejects with the
 * platform's error where the binding fails.
 */

import type { Issues } from '../options/index.ts'
import {
  checkKeys,
  createIssues,
  parseChoice,
  parseWholeNumber,
  resolveFrom,
} from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import type { BasicLimiter } from './contract.ts'
import { checkCost } from './result.ts'

/** A binding of wrangler's `[[ratelimits]]`. */
export interface RateLimitBinding {
  /**
   * Counts one request of this key. The platform answers only whether the request is within the
   * limit.
   */
  limit(options: { key: string }): Promise<{ success: boolean }>
}

/** Options of {@link bindingLimiter}. */
export interface BindingLimiterOptions<E = ProjectEnv> {
  /** `({ env }) => env.MY_RATE_LIMITER` */
  readonly binding: FromEnv<RateLimitBinding, E>
  /**
   * The value of `simple.limit` in wrangler.toml, which the binding does not reveal. It is only
   * used in response headers.
   */
  readonly limit: number
  /** The value of `simple.period` in wrangler.toml: 10 or 60 seconds. */
  readonly window: 10 | 60
}

/**
 * Creates a limiter from a Workers rate limiting binding. The binding counts per location and
 * synchronizes its counters late, so it allows more than the limit, as its documentation says. Use
 * it in front of an exact limiter, not alone.
 *
 * The binding tells neither the remaining units nor the time of the next one: `remaining` is
 * undefined, or 0 after a denial, and `retryAt` is one window away. The limiter has no `peek` and
 * no `forget`, and each call costs exactly 1.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 * @example
 * rateLimit({
 *   limiter: bindingLimiter({ binding: (c) => c.env.LIMITER, limit: 100, window: 60 }),
 *   platform: 'cloudflare',
 * })
 */
export function bindingLimiter<E = ProjectEnv>(options: BindingLimiterOptions<E>): BasicLimiter {
  const issues = createIssues('bindingLimiter')
  checkKeys(issues, options, ['binding', 'limit', 'window'])

  const input = { ...options } as Partial<BindingLimiterOptions<never>>
  const readBinding = resolveFrom(issues, 'binding', input.binding, validateBinding)

  for (const name of ['limit', 'window'] as const)
    if (input[name] === undefined) issues.add(name, 'is required')
  const limit =
    parseWholeNumber(issues, 'limit', input.limit, {
      min: 1,
      max: 1_000_000,
      unit: 'units',
    }) ?? 1

  const window = parseChoice(issues, 'window', input.window, [10, 60]) ?? 10
  issues.throwIfAny()

  return {
    limit,
    window,
    async take(limitKey, cost = 1, context = {}) {
      checkCost(cost)
      if (cost !== 1)
        throw new RangeError(
          'cost must be 1: a Workers rate limiting binding counts one request for each call',
        )

      const { success } = await readBinding(context.env).limit({ key: limitKey })
      const allowed = success === true
      const nowMs = Date.now()
      const resetAt = nowMs + window * 1000
      const retryAt = allowed ? nowMs : resetAt
      const remaining = allowed ? undefined : 0

      return {
        allowed,
        limit,
        remaining,
        retryAfter: allowed ? 0 : window,
        retryAt,
        resetAt,
        degraded: false,
      }
    },
  }
}

function validateBinding(value: RateLimitBinding, issues: Issues): RateLimitBinding {
  if (typeof value?.limit !== 'function')
    issues.add('', 'must be a rate limiting binding, declared by [[ratelimits]] in wrangler.toml')
  return value
}
