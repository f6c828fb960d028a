/**
 * Defines what the gateway knows of its console, whose code is only in a bundle whose
 * configuration imports it. `compile.ts` uses these types. Nothing here runs.
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
  /** Wraps the monitor of the gateway, or stands in for none, and counts what it sees. */
  observe(monitor: Monitor | undefined, clock: Clock): Monitor
  /** Validates the console for one gateway, and creates its endpoints. */
  start(services: ConsoleServices, issues: Issues): readonly Endpoint[]
}

/** The services that a gateway gives its console. */
export interface ConsoleServices {
  readonly clock: Clock
  readonly reject: RequestRejecter
  readonly sessions: GatewaySessions
  /** Undefined where the gateway has no sessions. */
  readonly strategy: SessionStrategy<object> | undefined
  /** How routes read a session and decide by it, with the sign-in page of the gateway or of its login. */
  readonly phases: Pick<RoutePhases, 'loadSession' | 'authorize'>
  /** Names of the upstreams. */
  readonly upstreams: readonly string[]
}
