/**
 * Lists the phases of a route: creates each of them from its own options. `compile.ts` calls it
 * once, and `handle-route.ts` runs the phases in their order. A new phase is added here.
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

/** The options of all phases. */
export interface PhaseOptions {
  readonly clock: Clock
  readonly emit: Emit
  readonly reject: RequestRejecter
  readonly watch: Watch
  readonly sessions: GatewaySessions
  readonly signIn: string | undefined
  readonly upstreamIdentity: UpstreamIdentity
  /** Names of our own cookies: those of the sessions and that of the throttle's devices. */
  readonly cookieNames: ReadonlySet<string>
  readonly routes: RouteTable
}

/** Describes a session to upstreams: the assertion and its claims. */
export interface UpstreamIdentity {
  /** Seconds; undefined where upstreams get no assertion. */
  readonly assertionLifetime: number | undefined
  readonly user: ((data: object) => string | undefined) | undefined
  readonly claims: ((data: object) => object) | undefined
}

/** Creates the phases. */
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
      // An invalid cache is an issue of its route, and is thrown when all issues have been
      // collected.
      invalidateCache: routes.cache?.createInvalidate?.(routes, clock),
    }),
  }
}
