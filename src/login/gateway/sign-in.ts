/**
 * Answers a request that was denied because its session is missing, too old or too weak: navigations
 * are redirected to the login page, all other requests are rejected with its path. `phases.ts` calls
 * it. It creates responses and throws nothing of its own.
 *
 * The redirect carries the page to return to, and the demands of the access rule as `max_age` and
 * `acr`. A POST is never redirected, so a form that was sent is lost. A login without providers (one
 * with an edge only) always rejects.
 */
import type { CompiledAccess } from '../../access/index.ts'
import { isNavigation, isPrefetch } from '../../request/index.ts'
import { signInLocation } from '../../request/sign-in.ts'
import type { Reason } from '../../types.ts'
import type { LoginData } from '../types.ts'
import type {
  GatewayLoginSettings,
  GatewayRouteRequest,
  GatewayServices,
  GatewaySession,
} from './types.ts'

/** Whether a login could give the request access. */
export function canSignIn(reason: Reason): boolean {
  return reason === 'no-session' || isDemand(reason)
}

/** Redirects a navigation to the login page, and rejects any other request. */
export function denyOrSignIn(
  settings: GatewayLoginSettings,
  services: GatewayServices,
  ctx: GatewayRouteRequest,
  { reason, session }: { readonly reason: Reason; readonly session: GatewaySession | undefined },
): Response {
  if (settings.providerNames.length === 0) return services.reject(ctx, reason)
  const { request, path, search } = ctx
  const page = createSignInPath(settings, reason, ctx.route.access, session)
  // A redirect would lose the content of a form, and `form-action` of the form's page could block it.
  const isPage = request.method === 'GET' && isNavigation(request)
  const rule = settings.bearer?.face.readRule(ctx)
  const origin = ctx.settings?.publicOrigin ?? ''
  const challenge = rule && settings.bearer?.createChallenge(origin, rule)
  // A client that has no token yet finds out where to get one (RFC 9728 section 5).
  const headers = challenge === undefined ? [] : [['WWW-Authenticate', challenge] as const]
  if (!isPage || isPrefetch(request)) return services.reject(ctx, reason, headers, page)
  const location = signInLocation(page, path + search)

  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } })
}

function isDemand(reason: Reason): boolean {
  return reason === 'session-too-old' || reason === 'login-too-weak'
}

function createSignInPath(
  { base, providerNames }: GatewayLoginSettings,
  reason: Reason,
  access: CompiledAccess,
  session: GatewaySession | undefined,
): string {
  const query = new URLSearchParams()
  const provider = (session?.data as Partial<LoginData> | undefined)?.login?.provider
  if (provider !== undefined && providerNames.includes(provider)) query.set('provider', provider)
  if (isDemand(reason)) {
    const rules = [access, ...(access.also ?? [])]
    const ages = rules.map(({ freshMs }) => freshMs).filter((age) => age !== undefined)
    const contexts = rules.find(({ contexts }) => contexts !== undefined)?.contexts
    if (ages.length > 0) query.set('max_age', `${Math.floor(Math.min(...ages) / 1000)}`)
    if (contexts !== undefined) query.set('acr', [...contexts].join(' '))
  }
  const queryText = `${query}`

  return queryText === '' ? `${base}/login` : `${base}/login?${queryText}`
}
