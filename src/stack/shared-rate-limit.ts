/**
 * Creates the rate limit step of `portcullis()`, which reads a stored session and counts the
 * request in one request to Redis if both use the same Redis. `portcullis()` calls it while it is
 * built. It throws and rejects as `rateLimit()` does; a session that cannot be read is reported
 * when the session is used. `c.env` becomes an object of this request, with all values of the
 * environment.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { shareListener } from '../events.ts'
import type { RateLimitOptions } from '../limit/gate.ts'
import { rateLimit } from '../limit/middleware.ts'
import { shareAsks } from '../redis/shared.ts'
import type { SessionStrategy, ThreeVerbs } from '../session/core/types.ts'

/**
 * Creates a `rateLimit()` that takes the read of a stored session along. It replaces `c.env` by an
 * object of this request alone, which has all values of the environment.
 */
export function sharedRateLimit(
  options: RateLimitOptions<Context>,
  strategy: ThreeVerbs<object> | undefined,
): MiddlewareHandler {
  const limit = rateLimit(options) as MiddlewareHandler
  const sessionStrategy =
    strategy !== undefined && 'open' in strategy ? (strategy as SessionStrategy<object>) : undefined
  if (sessionStrategy === undefined || sessionStrategy.kind !== 'stored') return limit
  return async function sharedRateLimit(c, next) {
    c.env = shareAsks(c.env)
    // Events of Redis find the listener of the request by its environment.
    shareListener(c, c.env)
    await sessionStrategy.open(c).prefetch()

    return limit(c, next)
  }
}
