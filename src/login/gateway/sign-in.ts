/**
 * Denies a request or sends a person to the login page, with what the denying rule requires.
 * `phases.ts` calls it where access was denied. A program gets the rejection, a navigation the
 * redirect.
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

/** Whether a login would help. */
export function canSignIn(reason: Reason): boolean {
  return reason === 'no-session' || isDemand(reason)
}

/** Denies a request that a login would help, or sends a person to the login page. */
export function denyOrSignIn(
  settings: GatewayLoginSettings,
  services: GatewayServices,
  ctx: GatewayRouteRequest,
  { reason, session }: { readonly reason: Reason; readonly session: GatewaySession | undefined },
): Response {
  if (settings.providerNames.length === 0) return services.reject(ctx, reason)
  const { request, path, search } = ctx
  const page = createSignInPath(settings, reason, ctx.route.access, session)
  // A form that was sent is not sent again, and `form-action` of its page would stop the redirect.
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
  const text = `${query}`

  return text === '' ? `${base}/login` : `${base}/login?${text}`
}
