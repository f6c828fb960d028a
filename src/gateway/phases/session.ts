/**
 * Opens and reads the session of a request, and checks access rules with it. `compile.ts` creates the
 * sessions of a gateway; the phases, the console, the login and endpoints call them. A session is opened
 * and read at most once for a request. Reading rejects as the session strategy does, for example with
 * `ERR_STORE_UNAVAILABLE`. A request without a valid session gives undefined, not an error.
 */
import { type CompiledAccess, checkSessionAccess } from '../../access/index.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import type { DeviceEndpoints, FlushableHandle, SessionStrategy } from '../../session/index.ts'
import type { Clock, Reason } from '../../types.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'

/** The options of a gateway's sessions. */
export interface GatewaySessionOptions {
  /** The session strategy; undefined if the gateway has no sessions. */
  readonly strategy: SessionStrategy<object> | undefined
  readonly roles: ((data: object) => readonly string[]) | undefined
  readonly clock: Clock
  /** True if a request may send other Redis commands: then the read of its session is batched with them. */
  readonly batchesRedis: boolean
}

/** The sessions of a gateway, as its phases and endpoints use them. */
export interface GatewaySessions {
  /** Handles the requests of browsers about device-bound sessions; undefined without the option `device`. */
  readonly device: DeviceEndpoints | undefined
  /** Finds the strategy that is used in an environment. */
  findStrategy(env: unknown): SessionStrategy<object> | undefined
  /**
   * Opens the session handle of a request at the first call and returns the same one later; undefined without sessions.
   */
  open(ctx: RequestContext): FlushableHandle<object> | undefined
  /** Reads the session, also on a route that needs none; undefined if the request has no valid session. */
  load(ctx: RequestContext): Promise<LoadedSession | undefined>
  /**
   * Adds the read of the session to the request's Redis batch, if the route needs a session and commands are batched.
   */
  prefetch(ctx: RouteContext): Promise<void> | undefined
  /** Reads the session if the route or its upstream needs it. */
  loadForRoute(ctx: RouteContext): Promise<LoadedSession | undefined> | undefined
  /** Returns the reason for which a rule denies access; undefined if it allows access. */
  checkAccess(access: CompiledAccess, session: LoadedSession | undefined): Reason | undefined
}

/** Creates the sessions of a gateway. */
export function createGatewaySessions(options: GatewaySessionOptions): GatewaySessions {
  const { strategy, roles, clock, batchesRedis } = options

  function open(ctx: RequestContext): FlushableHandle<object> | undefined {
    ctx.session ??= strategy?.open({
      request: ctx.head,
      env: ctx.env,
      context: ctx.eventContext,
    })
    return ctx.session
  }

  async function load(ctx: RequestContext): Promise<LoadedSession | undefined> {
    const handle = open(ctx)
    const data = await handle?.get()
    const sessionFacts = data && handle?.facts()

    return (
      handle && data && sessionFacts && { data, facts: sessionFacts, info: () => handle.info() }
    )
  }

  return {
    device: strategy?.device,
    findStrategy: (env) => strategy?.chosen?.(env) ?? strategy,
    open,
    load,
    prefetch: (ctx) => (batchesRedis && needsSession(ctx) ? open(ctx)?.prefetch() : undefined),
    loadForRoute: (ctx) => (needsSession(ctx) ? load(ctx) : undefined),
    checkAccess(access, session) {
      const { data, facts: info } = session ?? {}
      const verdict = checkSessionAccess(access, { data, info, roles, now: clock() })
      return verdict.ok ? undefined : verdict.reason
    },
  }
}

/**
 * Whether a request's session must be read: because the access rule needs it, or the upstream may use the session
 * protocol.
 */
export function needsSession({ route, upstream }: RouteContext): boolean {
  return route.access.session || upstream.sessions
}
