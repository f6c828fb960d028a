/**
 * Decides who may see the console: its access rule, a fresh login, its own limits, and a token
 * with every form. `console/create.ts` calls it for each request to the console. It returns the
 * viewer or a rejection.
 */
import { type CompiledAccess, checkAddress } from '../../access/index.ts'
import { checkCrossOrigin, csrfPolicy } from '../../csrf/index.ts'
import { signToken, verifyToken } from '../../csrf/token.ts'
import { createIssues } from '../../options/index.ts'
import type { LoadedSession } from '../../proxy/forward/context.ts'
import { addressPrefix } from '../../request/index.ts'
import { readInternals, type SessionInternals } from '../../session/core/internals.ts'
import type { Settings } from '../config/settings.ts'
import type { RequestContext, RouteContext } from '../request-context.ts'
import { createMinuteLimit } from './limits.ts'
import type { ConsoleServices } from './types.ts'

/** Somebody who may see the console. */
export interface Viewer {
  /** Digest of the session. */
  readonly session: string
  /** The user of the session, where the strategy names one. */
  readonly user: string | undefined
  /** Creates a token for the forms of a page. */
  issueToken(): Promise<string>
  verifyToken(token: string): Promise<boolean>
}

/** Returns who is asking, or the response for a request that may not see the console. */
export type AuthorizeViewer = (ctx: RequestContext) => Promise<Viewer | Response>

/** How often the console may be asked. */
export interface ViewerLimits {
  /** Requests of one address in a minute, before its session is read. */
  readonly perAddress: number
  /** Requests of one session in a minute. */
  readonly perSession: number
}

/** Separates these tokens from those of the application under the same secret. */
const tokenPurpose = 'console '

/** Creates the check. */
export function createAuthorizeViewer(
  access: CompiledAccess,
  services: ConsoleServices,
  limits: ViewerLimits,
): AuthorizeViewer {
  const { clock, reject, sessions, phases } = services
  const perAddress = createMinuteLimit(limits.perAddress)
  const perSession = createMinuteLimit(limits.perSession)
  const policy = createOwnOriginPolicy()

  function rejectExcess(ctx: RequestContext, retryAfter: number | undefined): Response | undefined {
    if (retryAfter === undefined) return undefined
    return reject(ctx, 'rate-limited', [['Retry-After', `${retryAfter}`]])
  }

  /** Checks everything that needs no session. */
  function checkRequest(ctx: RequestContext): Response | undefined {
    const { address, request, path, settings } = ctx
    const located = checkAddress(access, address)
    if (!located.ok) return reject(ctx, located.reason)

    const prefix = address === undefined ? undefined : addressPrefix(address)
    const wait = prefix === undefined ? undefined : perAddress.consume(prefix, clock())
    const verdict = checkCrossOrigin(request, policy, path, settings)
    return rejectExcess(ctx, wait) ?? (verdict.ok ? undefined : reject(ctx, verdict.reason))
  }

  return async function authorizeViewer(ctx) {
    const denied = checkRequest(ctx)
    if (denied !== undefined) return denied

    // Opened with the context itself, whose session is flushed to the response.
    sessions.open(ctx)
    const guarded = createGuardedContext(ctx, access)
    const session = await phases.loadSession(guarded)
    const denial = phases.authorize(guarded, session)
    if (denial !== undefined) return denial

    const internals = findInternals(services, ctx.env)
    const info = await session?.info()
    if (info === undefined || internals === undefined) return reject(ctx, 'no-session')

    const excess = rejectExcess(ctx, perSession.consume(info.id, clock()))
    return excess ?? createViewer(info.id, internals, { session, env: ctx.env })
  }
}

/** The phases of a route read its access rule here, which needs a session, and options of which it has none. */
function createGuardedContext(ctx: RequestContext, access: CompiledAccess): RouteContext {
  return { ...ctx, route: { route: {}, access } } as unknown as RouteContext
}

/** A form of the console comes from its own page, whatever the gateway trusts for other routes. */
function createOwnOriginPolicy(): ReturnType<typeof csrfPolicy> {
  const policy = csrfPolicy({ missing: 'deny' }, createIssues('console'))
  // The environment of this policy is the gateway's settings.
  return { ...policy, publicOrigins: (settings) => [(settings as Settings).publicOrigin] }
}

function findInternals({ strategy }: ConsoleServices, env: unknown): SessionInternals | undefined {
  return strategy === undefined ? undefined : readInternals(strategy, env)
}

function createViewer(
  id: string,
  internals: SessionInternals,
  { session, env }: { readonly session: LoadedSession | undefined; readonly env: unknown },
): Viewer {
  const ring = internals.ring(env)
  const bound = tokenPurpose + id
  return {
    session: id,
    user: session === undefined ? undefined : internals.user?.(session.data as never),
    issueToken: () => signToken(ring, bound),
    verifyToken: (token) => verifyToken(ring, bound, token),
  }
}
