/**
 * Wraps the phases of a gateway's routes for a login: accepts access tokens and edge identities,
 * revalidates the user at the provider, redirects navigations to the login page, and adds the user's
 * access token to requests to upstreams. `handler.ts` exports it as `wrapPhases`, and the gateway calls
 * the wrapped phases for every request to a route.
 *
 * A request with a token or an identity is decided by that alone: a bad one is rejected even beside a
 * good cookie. On a route with `token: true`, a session whose tokens no longer exist (`ERR_TOKEN_GONE`)
 * is treated like a missing session. All other errors are thrown, such as `ERR_TOKEN_UNAVAILABLE` and
 * those of the session store.
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

  /** Validates the token of a request; undefined where the route accepts none, or the request has none. */
  async function validateToken(ctx: C): Promise<BearerVerdict | undefined> {
    const needsSession = ctx.route.access.session
    const identity = needsSession ? await edge?.validate(ctx, ctx.request.headers) : undefined
    if (identity !== undefined) {
      verdicts.set(ctx, identity)
      return identity
    }
    const rule = bearer?.face.readRule(ctx)
    const header = rule && ctx.request.headers.get('authorization')
    if (!bearer || !rule || !header) return undefined
    const verdict = await bearer.validate(ctx, header, rule)
    verdicts.set(ctx, verdict)
    // The upstream must not receive this token, which was issued for the gateway; it learns the user from the
    // assertion.
    ctx.authorization = ''
    return verdict
  }

  return {
    async loadSession(ctx) {
      const verdict = await validateToken(ctx)
      // This includes a bad token beside a good cookie: a request with a token is decided by the token alone.
      if (verdict !== undefined) {
        // The cookie may belong to another user, so the upstream may send no session commands for it.
        ctx.rules = { ...ctx.rules, sessions: [] }
        return verdict.status === 'accepted' ? (face?.createTokenSession(verdict) as S) : undefined
      }
      const session = await phases.loadSession(ctx)
      const handle = services.open(ctx)
      const { revalidate, tokens } = settings
      if (session === undefined || handle === undefined) return session
      if (revalidate === undefined || tokens === undefined) return session

      await tokens.revalidate(ctx, handle)
      // The handle has been read, so this does not read the store again.
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
        // The user signs in again, often without a question, since the session at the provider may still exist.
        if (isPortcullisError(error, 'ERR_TOKEN_GONE')) return deny(ctx, 'no-session', session)
        throw error
      }
      return phases.forward(ctx, session, login)
    },
  }
}
