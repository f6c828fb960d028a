/**
 * Defines the login throttle of a gateway, whose code is only in a bundle whose configuration
 * imports it. Configurations, routes and `compile.ts` use these types. Nothing here runs.
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
   * Where a request names the account: `{ form: 'email' }`, or `{ json: 'email' }` (`{ json: ['user', 'email'] }` further
   * down). One text, in the content type of the rule; anything else is refused and charged to the address. `{ graphql: 'login',
   * argument: 'email' }`: whatever asks for this root field, once; other GraphQL requests pass. Or `{ session: 'user' }`, a
   * member of the session: for a second factor.
   */
  readonly account: AccountRule | { readonly session: string }
  /** The proof that a login succeeded. There is no default: everything else is a failure. */
  readonly success: Success
  /**
   * Normalizes a name as the upstream does before it looks it up, instead of the `normalize` of
   * `gatewayThrottle`. Default: that, and for the preset `wordpress` the rules of WordPress.
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
  /** Judges it for one gateway, with the faults of that gateway. */
  start(sources: { readonly clock: Clock; readonly emit: Emit }, issues: Issues): LoginThrottling
}

/** The throttle of one gateway. */
export interface LoginThrottling {
  /** Name of the device cookie; undefined where no device is known. */
  readonly cookieName: string | undefined
  /** Validates what the environment holds. @throws {ConfigError} */
  check(env: unknown): void
  /** Validates the option `throttle` of a route that has one. */
  route(route: Route, issues: Issues): CompiledThrottle
}

/** The option `throttle` of a route, as requests use it. */
export interface CompiledThrottle {
  /**
   * Begins the login attempt of a request.
   *
   * @param options.countsNow - whether to count it now, where the request itself names the account: the count then shares
   *   the request to Redis with everything that waits in its batch.
   * @throws {PortcullisError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_REFUSED` where the attempt cannot be counted
   */
  begin(ctx: RouteContext, options: { readonly countsNow: boolean }): Promise<LoginScope>
}
