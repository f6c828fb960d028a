/**
 * Creates the phases of a route, each from the options that it needs. `compile.ts` calls it once, the
 * login may wrap some phases, and `handle-route.ts` runs them in its own order. A new phase is added here
 * and called there. Creating the phases does not throw; each phase rejects as its own file says.
 */
import { createAssertions } from '../../assertion/sign.ts'
import { createForward } from '../../proxy/forward/forward.ts'
import type { Clock, Emit } from '../../types.ts'
import { runChecks } from '../checks/check.ts'
import { createRouteChecks } from '../checks/route-checks.ts'
import type { RoutePhases } from '../handle-route.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RouteContext } from '../request-context.ts'
import type { RouteTable } from '../routes/table.ts'
import type { Watch } from '../watch.ts'
import { createAuthorize } from './authorize.ts'
import { createForwardPhase } from './forward.ts'
import { createGraphqlInspection } from './graphql.ts'
import { beginLogin } from './login.ts'
import { createRateLimits } from './rate-limits.ts'
import type { GatewaySessions } from './session.ts'

/** The options from which the phases are created. */
export interface PhaseOptions {
  readonly clock: Clock
  readonly emit: Emit
  readonly reject: RequestRejecter
  readonly watch: Watch
  readonly sessions: GatewaySessions
  readonly signIn: string | undefined
  readonly upstreamIdentity: UpstreamIdentity
  /** Names of the gateway's own cookies: those of the sessions, the login, and the devices of the throttle. */
  readonly cookieNames: ReadonlySet<string>
  readonly routes: RouteTable
}

/** The options of the assertion, which describes a session to upstreams. */
export interface UpstreamIdentity {
  /** Seconds for which an assertion is valid; undefined if upstreams get no assertion. */
  readonly assertionLifetime: number | undefined
  readonly user: ((data: object) => string | undefined) | undefined
  readonly claims: ((data: object) => object) | undefined
}

/** Creates the phases of all routes of a gateway. */
export function createPhases(options: PhaseOptions): RoutePhases {
  const { clock, emit, reject, watch, sessions, signIn, cookieNames, routes } = options
  const { assertionLifetime, user, claims } = options.upstreamIdentity
  const signAssertion =
    assertionLifetime === undefined ? undefined : createAssertions(assertionLifetime)
  const forward = createForward<RouteContext>({
    ...{ sessions, cookieNames, sign: signAssertion, user, claims, clock, emit },
    observer: watch,
  })

  return {
    validateRequest(ctx) {
      const { route } = ctx
      return runChecks(route.checks ?? createRouteChecks(route, reject), ctx)
    },
    beginRateLimits: createRateLimits(emit),
    inspectGraphql: createGraphqlInspection(emit, sessions),
    prefetchSession: sessions.prefetch,
    beginLogin,
    loadSession: sessions.loadForRoute,
    authorize: createAuthorize({ reject, sessions, signIn }),
    forward: createForwardPhase({
      ...{ forward, cookieNames, clock },
      // An invalid cache has no `createInvalidate`. It is an issue of its route, which is thrown
      // once all issues are collected.
      invalidateCache: routes.cache?.createInvalidate?.(routes, clock),
    }),
  }
}
