/**
 * Types of a login in a gateway. The gateway imports these types and nothing else of a login, so
 * that its bundle holds no login unless a configuration imports one. Nothing here runs.
 */
import type { CompiledAccess } from '../../access/index.ts'
import type { Issues } from '../../options/index.ts'
import type {
  FlushableHandle,
  SessionFacts,
  SessionInfo,
  SessionStrategy,
} from '../../session/index.ts'
import type { Clock, Emit, Reason } from '../../types.ts'
import type { BearerRule, BearerTokens } from '../bearer/contract.ts'
import type { EdgeIdentity } from '../edge/contract.ts'
import type { LoginSettings } from '../settings.ts'

/** The option `login` of a gateway: made by `gatewayLogin`. */
export interface GatewayLogin {
  /** Not part of the public API. */
  start(sources: GatewaySources, issues: Issues): GatewayLoginHandler
}

/** Parts of a gateway that its login uses. */
export interface GatewaySources {
  /** The sessions of the gateway, where it has some. */
  readonly session: SessionStrategy<object> | undefined
  /** The clock of the gateway. */
  readonly clock: Clock
  /** Takes events. */
  readonly emit: Emit
}

/** A request, as far as a login looks at the context of a gateway. */
export interface GatewayRequest {
  readonly request: Request
  readonly env: unknown
  readonly requestId: string
  /** By this object events find the listener of the request. */
  readonly eventContext: object
  readonly path: string
  readonly search: string
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  readonly settings: { readonly publicOrigin: string } | undefined
}

/** A request whose route is known. */
export interface GatewayRouteRequest extends GatewayRequest {
  readonly route: {
    readonly route: LoginRouteOptions
    readonly access: CompiledAccess
  }
  /** `Authorization` of the request to the upstream, in place of the client's; empty for none. */
  authorization?: string | undefined
  /** Rules of forwarding, with the verbs of the session protocol that the upstream may use. */
  rules: object
}

/** Options of a route that belong to the login. */
export interface LoginRouteOptions {
  /** Sends the access token of the person to the upstream, as `Authorization: Bearer`. */
  readonly token?: boolean
  /** Takes access tokens of the login's provider in place of a session. */
  readonly bearer?: boolean | BearerRule
  /** Verbs of the session protocol, which a route with `bearer` must not grant. */
  readonly sessions?: readonly string[]
}

/** The session of a request, read once. */
export interface GatewaySession {
  readonly data: object
  readonly facts: SessionFacts
  info(): Promise<SessionInfo | undefined>
}

/** Functions of a gateway that its login calls for a request. */
export interface GatewayServices {
  /** Rejects a request. `signIn` is the path of the page where signing in helps. */
  reject(
    ctx: GatewayRequest,
    reason: Reason,
    headers?: ReadonlyArray<readonly [name: string, value: string]>,
    signIn?: string,
  ): Response
  /** Why a rule denies access; undefined where it allows it. */
  checkAccess(access: CompiledAccess, session: GatewaySession | undefined): Reason | undefined
  /** The handle of the session, opened once. */
  open(ctx: GatewayRequest): FlushableHandle<object> | undefined
  /** A response while the gateway is in maintenance. */
  readonly checkMaintenance: ((ctx: never) => Response | undefined) | undefined
}

/** An endpoint of the login, as the gateway serves it. */
export interface LoginEndpoint {
  readonly path: string
  readonly methods: readonly string[]
  handle(ctx: GatewayRequest): Promise<Response | undefined>
}

/** The phases of a route that a login changes. */
export interface LoginPhases<C, S, L> {
  loadSession(ctx: C): Promise<S | undefined> | undefined
  authorize(ctx: C, session: S | undefined): Response | undefined | Promise<Response>
  forward(ctx: C, session: S | undefined, login: L): Promise<Response>
}

/** Settings of a login in a gateway. */
export interface GatewayLoginSettings extends LoginSettings {
  readonly bearer: BearerTokens | undefined
  readonly edge: EdgeIdentity | undefined
}

/** A login in a gateway. */
export interface GatewayLoginHandler {
  /** Validates what the environment holds. @throws {ConfigError} `ERR_CONFIG` */
  check(env: unknown): void
  /** The names of all cookies that no upstream gets or sets. `has` also knows those of attempts by their beginning. */
  listCookieNames(others: Iterable<string>): ReadonlySet<string>
  /** Creates the endpoints of the login. */
  createEndpoints(services: GatewayServices): readonly LoginEndpoint[]
  /** Validates the options of a route that belong to the login. */
  validateRoute(route: LoginRouteOptions, isPublic: boolean, issues: Issues): void
  /** Wraps the phases of routes. */
  wrapPhases<C extends GatewayRouteRequest, S extends GatewaySession, L>(
    phases: LoginPhases<C, S, L>,
    services: GatewayServices,
  ): LoginPhases<C, S, L>
  /** Not part of the public API: for the configuration check. */
  readonly settings: GatewayLoginSettings
}
