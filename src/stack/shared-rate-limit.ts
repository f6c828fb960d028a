/**
 * Sends the limits and the session read of a request to Redis together. `portcullis.ts` uses it in
 * place of `rateLimit()` where both use Redis. It fails as the limits do.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { shareListener } from '../events.ts'
import type { RateLimitOptions } from '../limit/gate.ts'
import { rateLimit } from '../limit/middleware.ts'
import { shareAsks } from '../redis/shared.ts'
import type { SessionStrategy, ThreeVerbs } from '../session/core/types.ts'

/**
 * `rateLimit`, with the read of a stored session waiting to go along. From here on `c.env` is an object of this request
 * alone that finds all that was in the environment.
 */
export function sharedRateLimit(
  options: RateLimitOptions<Context>,
  strategy: ThreeVerbs<object> | undefined,
): MiddlewareHandler {
  const limit = rateLimit(options) as MiddlewareHandler
  const requestEvent =
    strategy !== undefined && 'open' in strategy ? (strategy as SessionStrategy<object>) : undefined
  if (requestEvent === undefined || requestEvent.kind !== 'stored') return limit
  return async function sharedRateLimit(c, next) {
    c.env = shareAsks(c.env)
    // Redis knows nothing of a request but its environment.
    shareListener(c, c.env)
    await requestEvent.open(c).prefetch()

    return limit(c, next)
  }
}
