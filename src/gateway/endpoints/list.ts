/**
 * Lists the endpoints that the gateway itself provides: the built-in ones and those of device-bound
 * sessions. `compile.ts` calls it once, and adds the endpoints of the login and the console. Endpoints
 * run before maintenance, csrf, rate limits, sessions and access rules, so an endpoint that needs one of
 * these must call it. Creating them does not fail.
 */
import type { Clock, Emit } from '../../types.ts'
import type { GatewaySessions } from '../phases/session.ts'
import type { RequestRejecter } from '../reject.ts'
import { createBuiltInEndpoints } from './built-in.ts'
import { createDeviceEndpoints } from './device.ts'
import type { Endpoint } from './endpoint.ts'
import type { IsReady } from './ready.ts'
import { createReportCollector } from './reports.ts'

/** Services of the gateway that endpoints may use. */
export interface EndpointServices {
  readonly clock: Clock
  readonly emit: Emit
  readonly reject: RequestRejecter
  /** Opens and reads sessions, and checks access rules. An endpoint that is not public must call it. */
  readonly sessions: GatewaySessions
  readonly isReady: IsReady
}

/**
 * Creates the endpoints. A request reaches them after the checks of its path, host, scheme, method and size.
 */
export function createEndpoints(services: EndpointServices): readonly Endpoint[] {
  const { clock, emit, isReady, sessions } = services
  return [
    ...createBuiltInEndpoints(isReady, createReportCollector(emit, clock)),
    ...createDeviceEndpoints(sessions.device),
  ]
}
