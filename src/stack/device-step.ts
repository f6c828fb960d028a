/**
 * Creates the step that answers browsers whose sessions are bound to a device. `portcullis.ts`
 * adds it where the session strategy has the option `device`. It fails as the strategy does.
 */
import type { MiddlewareHandler } from 'hono'
import { shareListener } from '../events.ts'
import { isDeviceUrl } from '../request/path/device-path.ts'
import type { SessionStrategy, ThreeVerbs } from '../session/core/types.ts'

/** The step, for a strategy with the option `device`; undefined for every other. */
export function deviceStep(
  strategy: ThreeVerbs<object> | undefined,
): MiddlewareHandler | undefined {
  const endpoints = (strategy as SessionStrategy<object> | undefined)?.device
  if (endpoints === undefined) return undefined

  const { servesSite } = endpoints

  return async function device(c, next) {
    // Without a site there is nothing else to answer.
    if (!servesSite && !isDeviceUrl(c.req.url)) return next()

    // The endpoints open sessions of their own, by the request.
    shareListener(c, c.req.raw)
    return (await endpoints.answer(c.req.raw, c.env)) ?? next()
  }
}
