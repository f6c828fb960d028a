/**
 * Decides whether a request may use the console. It checks, in this order: the client's address, a
 * limit per address, that a form comes from the console's own origin, the access rule with the
 * session, and a limit per session. `console/create.ts` calls it for each request to the console. It
 * returns the viewer, or the response for a request that is denied (403, 429, 401 or a redirect to the
 * sign-in page). Loading the session rejects as the session store does, with `ERR_STORE_UNAVAILABLE`
 * for example. The limits are counted in the memory of one isolate.
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

/** A signed-in person who may use the console. */
export interface Viewer {
  /** Digest of the id of the session. */
  readonly session: string
  /** The user of the session; undefined if the session strategy has no option `user`. */
  readonly user: string | undefined
  /** Creates a csrf token for the forms of a page. */
  issueToken(): Promise<string>
  /** Verifies the csrf token of a form. A token of another session, or of a secret that was removed, is false. */
  verifyToken(token: string): Promise<boolean>
}

/** Returns the viewer of a request, or the response for a request that may not use the console. */
export type AuthorizeViewer = (ctx: RequestContext) => Promise<Viewer | Response>

/** How many requests to the console are allowed. */
export interface ViewerLimits {
  /** Requests per minute from one address prefix, counted before the session is read. */
  readonly perAddress: number
  /** Requests per minute from one session. */
  readonly perSession: number
}

/**
 * Prefix of the signed text. With it, a csrf token of the application is not valid here although both use the same
 * secret.
 */
const tokenPurpose = 'console '

/** Creates the function that authorizes requests to the console. */
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
    const addressVerdict = checkAddress(access, address)
    if (!addressVerdict.ok) return reject(ctx, addressVerdict.reason)

    const prefix = address === undefined ? undefined : addressPrefix(address)
    const retryAfter = prefix === undefined ? undefined : perAddress.consume(prefix, clock())
    const verdict = checkCrossOrigin(request, policy, path, settings)
    return rejectExcess(ctx, retryAfter) ?? (verdict.ok ? undefined : reject(ctx, verdict.reason))
  }

  return async function authorizeViewer(ctx) {
    const rejection = checkRequest(ctx)
    if (rejection !== undefined) return rejection

    // Opened here with the original context, since the changes of its session are written to the response.
    sessions.open(ctx)
    const routeContext = createRouteContext(ctx, access)
    const session = await phases.loadSession(routeContext)
    const denial = phases.authorize(routeContext, session)
    if (denial !== undefined) return denial

    const internals = findInternals(services, ctx.env)
    const info = await session?.info()
    if (info === undefined || internals === undefined) return reject(ctx, 'no-session')

    const excess = rejectExcess(ctx, perSession.consume(info.id, clock()))
    return excess ?? createViewer(info.id, internals, { session, env: ctx.env })
  }
}

/**
 * Creates a context with a route that has the console's access rule and no other option. The phases `loadSession` and
 * `authorize` read nothing else of a route, except that the rule always needs a session.
 */
function createRouteContext(ctx: RequestContext, access: CompiledAccess): RouteContext {
  return { ...ctx, route: { route: {}, access } } as unknown as RouteContext
}

/**
 * Creates the policy for forms of the console: only its own origin may send them, whatever origins the gateway trusts.
 */
function createOwnOriginPolicy(): ReturnType<typeof csrfPolicy> {
  const policy = csrfPolicy({ missing: 'deny' }, createIssues('console'))
  // This policy is checked with the gateway's settings in place of an environment.
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
  const tokenSubject = tokenPurpose + id
  return {
    session: id,
    user: session === undefined ? undefined : internals.user?.(session.data as never),
    issueToken: () => signToken(ring, tokenSubject),
    verifyToken: (token) => verifyToken(ring, tokenSubject, token),
  }
}
