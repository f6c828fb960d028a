/**
 * Lists the endpoints of a gateway; an option that brings endpoints of its own adds them here.
 * `compile.ts` calls it once. Endpoints run before maintenance, csrf, rate limits, sessions and
 * access, so one that needs these calls them itself.
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
  /** Opens and reads sessions, and decides by an access rule. An endpoint that is not public must ask. */
  readonly sessions: GatewaySessions
  readonly isReady: IsReady
}

/**
 * Creates the endpoints. A request reaches them after the checks of its path, host, scheme, method and size, and before
 * maintenance, csrf, rate limits, sessions and access: an endpoint that needs one of these calls it.
 */
export function createEndpoints(services: EndpointServices): readonly Endpoint[] {
  const { clock, emit, isReady, sessions } = services
  return [
    ...createBuiltInEndpoints(isReady, createReportCollector(emit, clock)),
    ...createDeviceEndpoints(sessions.device),
  ]
}
