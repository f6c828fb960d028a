/**
 * Reads the session of a request, and decides with it whether the route may be used. The phases,
 * the console and endpoints call it. It rejects as the session strategy does, for example with
 * `ERR_STORE_UNAVAILABLE`.
 */
import { type CompiledAccess, checkSessionAccess } from '../../access/index.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import type { DeviceEndpoints, FlushableHandle, SessionStrategy } from '../../session/index.ts'
import type { Clock, Reason } from '../../types.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'

/** The options of a gateway's sessions. */
export interface GatewaySessionOptions {
  /** Undefined where the gateway has no sessions. */
  readonly strategy: SessionStrategy<object> | undefined
  readonly roles: ((data: object) => readonly string[]) | undefined
  readonly clock: Clock
  /** Whether a request may send other commands to Redis, with which the read of its session is then batched. */
  readonly batchesRedis: boolean
}

/** The sessions of a gateway, as its phases and endpoints use them. */
export interface GatewaySessions {
  /** Answers browsers whose sessions are bound to a device; undefined where no session is. */
  readonly device: DeviceEndpoints | undefined
  /** The strategy of an environment. */
  findStrategy(env: unknown): SessionStrategy<object> | undefined
  /** Opens the handle of a request once, whichever code asks first; undefined where the gateway has no sessions. */
  open(ctx: RequestContext): FlushableHandle<object> | undefined
  /** Reads the session, whatever the route needs; undefined where there is none. */
  load(ctx: RequestContext): Promise<LoadedSession | undefined>
  /** Puts the read of the session into the request's Redis batch, if the route needs one and there is such a batch. */
  prefetch(ctx: RouteContext): Promise<void> | undefined
  /** Reads the session if the route needs it. */
  loadForRoute(ctx: RouteContext): Promise<LoadedSession | undefined> | undefined
  /** Why a rule denies access; undefined where it allows it. */
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

/** Whether the session of a request is read: to decide about access, or because the upstream may use the session protocol. */
export function needsSession({ route, upstream }: RouteContext): boolean {
  return route.access.session || upstream.sessions
}
