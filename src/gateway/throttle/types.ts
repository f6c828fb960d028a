/**
 * Defines the interface between a gateway and its login throttle. The gateway imports only these types, so a
 * bundle contains the throttle only if its configuration imports `gatewayThrottle`. `config.ts`, `compile.ts`,
 * the routes and the throttle itself use them. The file holds types only.
 */
import type { Normalize } from '../../limit/throttle/account/account.ts'
import type { AccountRule } from '../../limit/throttle/account/read-account.ts'
import type { Success } from '../../limit/throttle/success/success-rules.ts'
import type { Issues } from '../../options/index.ts'
import type { Clock, Emit } from '../../types.ts'
import type { LoginScope } from '../phases/login.ts'
import type { RouteContext } from '../request-context.ts'
import type { Route } from '../routes/route.ts'

/** The option `throttle` of a route: it makes the route a login whose failures are counted. */
export interface RouteThrottle {
  /**
   * The place where a request names the account: `{ form: 'email' }` for a field of a form, `{ json: 'email' }` for a
   * member of JSON, or `{ json: ['user', 'email'] }` for a nested one. The request must name it exactly once, as text,
   * and have that content type; any other request is rejected and counted for its IP address. `{ graphql: 'login',
   * argument: 'email' }` reads an argument of a root field, which a request may select once; other GraphQL requests are
   * not counted. `{ session: 'user' }` reads a member of the session, for a second factor.
   */
  readonly account: AccountRule | { readonly session: string }
  /** The proof that a login succeeded. There is no default: everything else is a failure. */
  readonly success: Success
  /**
   * Normalizes a name as the upstream does before it looks up the account. It replaces the `normalize`
   * of `gatewayThrottle`. Default: `normalize` of `gatewayThrottle`, and then, for the preset
   * `wordpress`, the rules of WordPress.
   */
  readonly normalize?: Normalize
  /**
   * Names of cookies to withhold from a login's upstream, with `*` at the start or end of a name:
   * cookies that identify the user without a password, so that the response would look like a
   * success. Default: those of the preset.
   */
  readonly withhold?: readonly string[]
}

/** The value of the option `throttle` of a gateway, which `gatewayThrottle` creates. */
export interface GatewayThrottle {
  /** Validates the options and creates the throttling of one gateway. Wrong options are added to its issues. */
  start(sources: { readonly clock: Clock; readonly emit: Emit }, issues: Issues): LoginThrottling
}

/** The throttle of one gateway. */
export interface LoginThrottling {
  /** Name of the device cookie; undefined if devices are not recognized. */
  readonly cookieName: string | undefined
  /** Validates the values of the environment. @throws {ConfigError} `ERR_CONFIG` if one is wrong */
  check(env: unknown): void
  /** Validates the option `throttle` of a route that has one. */
  route(route: Route, issues: Issues): CompiledThrottle
}

/** The compiled option `throttle` of a route. */
export interface CompiledThrottle {
  /**
   * Begins the login attempt of a request.
   *
   * @param options.countsNow - true to count it immediately, if the request itself names the account. The count is then
   *   sent to Redis together with the commands that wait in the request's batch.
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where the attempt cannot be counted
   */
  begin(ctx: RouteContext, options: { readonly countsNow: boolean }): Promise<LoginScope>
}
