/**
 * Creates the step of `portcullis()` that responds to browsers about sessions bound to a device:
 * their registration and refresh. `portcullis()` adds it where the session strategy has the option
 * `device`. It passes all other requests on. It rejects as the strategy's endpoints do, for example
 * while the store is unavailable.
 */
import type { MiddlewareHandler } from 'hono'
import { shareListener } from '../events.ts'
import { endpointFolder, isDeviceUrl } from '../request/path/device-path.ts'
import type { SessionStrategy, ThreeVerbs } from '../session/core/types.ts'

/**
 * Creates the step for a strategy with the option `device`. Returns undefined for any other
 * strategy.
 */
export function deviceStep(
  strategy: ThreeVerbs<object> | undefined,
): MiddlewareHandler | undefined {
  const endpoints = (strategy as SessionStrategy<object> | undefined)?.device
  if (endpoints === undefined) return undefined

  const { servesSite } = endpoints

  return async function device(c, next) {
    // Without `site`, the endpoints only respond at their own addresses.
    const isEndpoint = c.req.path.includes(endpointFolder) && isDeviceUrl(c.req.url)
    if (!servesSite && !isEndpoint) return next()

    // The endpoints open sessions with the request as their context, so it needs the listener.
    shareListener(c, c.req.raw)
    return (await endpoints.answer(c.req.raw, c.env)) ?? next()
  }
}
