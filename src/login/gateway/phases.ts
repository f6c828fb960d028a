/**
 * Wraps the phases of a gateway's routes for a login: revalidation, the redirect to the login
 * page, and tokens for upstreams. `handler.ts` creates the wrapper. A user whose tokens are gone
 * is denied as without a session; any other error is thrown.
 */
import { isPortcullisError } from '../../errors.ts'
import type { BearerVerdict } from '../bearer/contract.ts'
import type { LoginData } from '../types.ts'
import { canSignIn, denyOrSignIn } from './sign-in.ts'
import type {
  GatewayLoginSettings,
  GatewayRouteRequest,
  GatewayServices,
  GatewaySession,
  LoginPhases,
} from './types.ts'

/** Wraps the phases. */
export function wrapPhases<C extends GatewayRouteRequest, S extends GatewaySession, L>(
  settings: GatewayLoginSettings,
  phases: LoginPhases<C, S, L>,
  services: GatewayServices,
): LoginPhases<C, S, L> {
  const deny = (ctx: C, reason: 'no-session', session: S | undefined): Response =>
    denyOrSignIn(settings, services, ctx, { reason, session })

  const { bearer, edge } = settings
  const face = bearer?.face ?? edge?.face
  const verdicts = new WeakMap<object, BearerVerdict>()

  /** The verdict on the token of a request; undefined where the route takes none, or none came. */
  async function validateToken(ctx: C): Promise<BearerVerdict | undefined> {
    const needsPerson = ctx.route.access.session
    const identity = needsPerson ? await edge?.validate(ctx, ctx.request.headers) : undefined
    if (identity !== undefined) {
      verdicts.set(ctx, identity)
      return identity
    }
    const rule = bearer?.face.readRule(ctx)
    const header = rule && ctx.request.headers.get('authorization')
    if (!bearer || !rule || !header) return undefined
    const verdict = await bearer.validate(ctx, header, rule)
    verdicts.set(ctx, verdict)
    // The upstream gets the assertion: a token for this API is no good elsewhere.
    ctx.authorization = ''
    return verdict
  }

  return {
    async loadSession(ctx) {
      const verdict = await validateToken(ctx)
      // Also a bad token beside a good cookie: whoever sends one is judged by it alone.
      if (verdict !== undefined) {
        // A cookie may be of somebody else: what the upstream commands is not for its session.
        ctx.rules = { ...ctx.rules, sessions: [] }
        return verdict.status === 'accepted' ? (face?.createTokenSession(verdict) as S) : undefined
      }
      const session = await phases.loadSession(ctx)
      const handle = services.open(ctx)
      const { revalidate, tokens } = settings
      if (session === undefined || handle === undefined) return session
      if (revalidate === undefined || tokens === undefined) return session

      await tokens.revalidate(ctx, handle)
      // The handle is read: nothing is asked again.
      return phases.loadSession(ctx)
    },
    authorize(ctx, session) {
      const verdict = verdicts.get(ctx)
      const denial = verdict && face?.denyToken(services, ctx, verdict)
      if (denial !== undefined) return denial
      const reason = services.checkAccess(ctx.route.access, session)
      if (reason !== undefined && verdict !== undefined) {
        return face?.denyWeakToken(services, ctx, reason)
      }
      if (reason === undefined || !canSignIn(reason)) return phases.authorize(ctx, session)
      return denyOrSignIn(settings, services, ctx, { reason, session })
    },
    async forward(ctx, session, login) {
      if (ctx.route.route.token !== true) return phases.forward(ctx, session, login)
      try {
        const facts = (session?.data as Partial<LoginData> | undefined)?.login
        if (facts?.tokens === undefined) return deny(ctx, 'no-session', session)
        const token = await settings.tokens?.readAccessToken(ctx, facts)
        ctx.authorization = `Bearer ${token}`
      } catch (error) {
        // The grant is gone and the session is not: the provider asks nothing where the person is signed in there.
        if (isPortcullisError(error, 'ERR_TOKEN_GONE')) return deny(ctx, 'no-session', session)
        throw error
      }
      return phases.forward(ctx, session, login)
    },
  }
}
