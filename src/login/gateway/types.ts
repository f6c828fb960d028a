/**
 * Types of a login in a gateway: what the gateway gives to its login, and what it gets back. The
 * gateway (`gateway/config/validate-options.ts` and, through `login/index.ts`, its configuration, routes
 * and `compile.ts`) and the files of this folder import them. The gateway imports nothing else of a login,
 * so that a bundle holds login code only where a configuration calls `gatewayLogin()`. Nothing here runs.
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

/** The option `login` of a gateway: the result of `gatewayLogin()`. */
export interface GatewayLogin {
  /** Not part of the public API. */
  start(sources: GatewaySources, issues: Issues): GatewayLoginHandler
}

/** Parts of a gateway that its login uses. */
export interface GatewaySources {
  /** The session strategy of the gateway; undefined where the option `session` is not set. */
  readonly session: SessionStrategy<object> | undefined
  /** The clock of the gateway. */
  readonly clock: Clock
  /** Receives events. */
  readonly emit: Emit
}

/** The part of a gateway's request context that a login reads. */
export interface GatewayRequest {
  readonly request: Request
  readonly env: unknown
  readonly requestId: string
  /** The key by which events find the listener of the request. */
  readonly eventContext: object
  readonly path: string
  readonly search: string
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined
  readonly settings: { readonly publicOrigin: string } | undefined
}

/** The same context after its route was found. */
export interface GatewayRouteRequest extends GatewayRequest {
  readonly route: {
    readonly route: LoginRouteOptions
    readonly access: CompiledAccess
  }
  /** Replaces the client's `Authorization` in the request to the upstream; an empty string removes it. */
  authorization?: string | undefined
  /** The rules for forwarding, among them the commands of the session protocol that the upstream may send. */
  rules: object
}

/** Options of a route that belong to the login. */
export interface LoginRouteOptions {
  /** Sends the access token of the user to the upstream, as `Authorization: Bearer`. */
  readonly token?: boolean
  /** Accepts access tokens of the login's providers instead of a session. */
  readonly bearer?: boolean | BearerRule
  /** Commands of the session protocol that the upstream may send; not allowed together with `bearer`. */
  readonly sessions?: readonly string[]
}

/** The session of a request, as it was loaded. */
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
  /** Returns the reason why a rule denies access; undefined where the rule allows it. */
  checkAccess(access: CompiledAccess, session: GatewaySession | undefined): Reason | undefined
  /** Opens the session of a request; each call returns the same handle. */
  open(ctx: GatewayRequest): FlushableHandle<object> | undefined
  /** Returns the response to a request while the gateway is in maintenance. */
  readonly checkMaintenance: ((ctx: never) => Response | undefined) | undefined
}

/** An endpoint of the login, as the gateway serves it. */
export interface LoginEndpoint {
  readonly path: string
  readonly methods: readonly string[]
  handle(ctx: GatewayRequest): Promise<Response | undefined>
}

/** The phases of a route that a login wraps. */
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
  /** Validates the values of the environment. @throws {ConfigError} `ERR_CONFIG` */
  check(env: unknown): void
  /**
   * Creates the set of cookies that no upstream receives or sets. Its `has` knows attempt cookies by their beginning.
   */
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
