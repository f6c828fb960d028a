/**
 * Defines the interface between a gateway and its console. The gateway imports only these types, so a
 * bundle contains the console only if its configuration imports `gatewayConsole`. `compile.ts`,
 * `config.ts`, `attach-console.ts` and the console itself use them. The file holds types only.
 */
import type { Monitor } from '../../monitor/index.ts'
import type { Issues } from '../../options/index.ts'
import type { SessionStrategy } from '../../session/index.ts'
import type { Clock } from '../../types.ts'
import type { Endpoint } from '../endpoints/endpoint.ts'
import type { RoutePhases } from '../handle-route.ts'
import type { GatewaySessions } from '../phases/session.ts'
import type { RequestRejecter } from '../reject.ts'

/** The result of `gatewayConsole`, for the option `console` of a gateway. */
export interface GatewayConsole {
  /**
   * Returns a monitor that counts requests and events for the console and passes them to the gateway's monitor if it
   * has one.
   */
  observe(monitor: Monitor | undefined, clock: Clock): Monitor
  /** Validates the console for one gateway, and creates its endpoints. */
  start(services: ConsoleServices, issues: Issues): readonly Endpoint[]
}

/** The services of a gateway that its console uses. */
export interface ConsoleServices {
  readonly clock: Clock
  readonly reject: RequestRejecter
  readonly sessions: GatewaySessions
  /** The session strategy; undefined if the gateway has no sessions. */
  readonly strategy: SessionStrategy<object> | undefined
  /** The phases that load a session and authorize it, with the sign-in page of the gateway or of its login. */
  readonly phases: Pick<RoutePhases, 'loadSession' | 'authorize'>
  /** Names of the upstreams. */
  readonly upstreams: readonly string[]
}
