/**
 * Creates the login of a gateway: validates its options, creates its endpoints, and wraps what the
 * gateway does for routes. Applications call `gatewayLogin()` in their configuration; `createGateway`
 * and `reviewLogin` start it with the session, the clock and the events of the gateway.
 *
 * Wrong options become issues of the gateway's `ConfigError` (`ERR_CONFIG`) while it is created; a
 * wrong value of the environment becomes one at the first request, or in `check(env)`. In maintenance
 * every endpoint except back-channel logout answers with the maintenance response.
 */
import { checkKeys, type Issues } from '../../options/index.ts'
import { handleLogin, readLoginCookieNames } from '../login.ts'
import type { GatewayLoginOptions, LoginOptions } from '../options.ts'
import { validateLogin } from '../settings.ts'
import { createCookieNames } from './cookie-names.ts'
import { wrapPhases } from './phases.ts'
import type {
  GatewayLogin,
  GatewayLoginHandler,
  GatewayLoginSettings,
  GatewayServices,
  GatewaySources,
  LoginEndpoint,
  LoginRouteOptions,
} from './types.ts'

const base = '/.portcullis'

/**
 * Signs people in at identity providers, for the option `login` of a gateway or of `vercel()`, which supply the session
 * and the origin. A Hono app uses `login()` instead.
 *
 * @example
 * defineGateway({ session, login: gatewayLogin({ providers: { acme: { issuer, clientId, clientSecret } } }), routes })
 */
export function gatewayLogin<Data extends object>(
  options: GatewayLoginOptions<Data>,
): GatewayLogin {
  return {
    start: (sources, issues) => startGatewayLogin({ ...(options as object) }, sources, issues),
  }
}

/** Starts a login with the parts that the gateway supplies. */
function startGatewayLogin(
  { bearer, edge, ...options }: Partial<GatewayLoginOptions<never>>,
  { session, clock, emit }: GatewaySources,
  issues: Issues,
): GatewayLoginHandler {
  if (session === undefined) issues.add('', 'needs the option session of the gateway')
  for (const option of ['session', 'publicOrigin', 'base'] as const) {
    if (Reflect.get(options, option) === undefined) continue
    issues.add(option, 'must be left out: the gateway sets it')
  }
  const given = { clock, onEvent: emit, ...options, session, base, publicOrigin: undefined }
  const common = validateLogin(given as unknown as LoginOptions<object>, issues, edge !== undefined)
  if (edge !== undefined && typeof edge?.createEdge !== 'function') {
    issues.add('edge', 'must be the result of cloudflareAccess(), googleIap() or awsAlb()')
  }
  if (bearer !== undefined && typeof bearer?.createBearer !== 'function') {
    issues.add('bearer', 'must be the result of bearerTokens()')
  }
  const settings: GatewayLoginSettings = {
    ...common,
    bearer: bearer?.createBearer?.(common, issues.at('bearer')),
    edge: edge?.createEdge?.(common),
  }

  return {
    check(env) {
      for (const name of settings.providerNames) settings.readProvider(name, env)
    },
    listCookieNames(others) {
      const names = [...others, ...readLoginCookieNames(settings)]
      return createCookieNames(names, settings.attempts.insecurePlainHttp)
    },
    createEndpoints: (services) => createEndpoints(settings, services),
    validateRoute: (route, isPublic, at) => validateRoute(settings, route, isPublic, at),
    wrapPhases: (phases, services) => wrapPhases(settings, phases, services),
    settings,
  }
}

function createEndpoints(
  settings: GatewayLoginSettings,
  services: GatewayServices,
): readonly LoginEndpoint[] {
  const create = (path: string, methods: readonly string[], isOpen = false): LoginEndpoint => ({
    path: `${base}/${path}`,
    methods,
    async handle(ctx) {
      const maintenance = isOpen ? undefined : services.checkMaintenance?.(ctx as never)
      if (maintenance !== undefined) return maintenance
      const { request, env, requestId, eventContext, waitUntil } = ctx
      const origin = ctx.settings?.publicOrigin ?? new URL(request.url).origin
      const session = (): never => services.open(ctx) as never
      const flowRequest = { request, env, requestId, eventContext, waitUntil, origin, session }
      return handleLogin(settings, flowRequest)
    },
  })
  const names = settings.providerNames

  return [
    create('login', ['GET']),
    ...names.map((name) => create(`callback/${name}`, ['GET', 'POST'])),
    create('logout', ['GET', 'POST']),
    create('logged-out', ['GET']),
    // This endpoint works in maintenance too, because providers do not send a logout token again later.
    ...(settings.backchannel
      ? names.map((name) => create(`backchannel-logout/${name}`, ['POST'], true))
      : []),
    ...(settings.bearer === undefined
      ? []
      : settings.bearer.face.createResourceEndpoints(settings.bearer)),
    ...(settings.me === undefined ? [] : [create('me', ['GET'])]),
  ]
}

function validateRoute(
  settings: GatewayLoginSettings,
  { token, bearer, sessions }: LoginRouteOptions,
  isPublic: boolean,
  issues: Issues,
): void {
  if (bearer !== undefined && bearer !== false) {
    if (bearer !== true) checkKeys(issues.at('bearer'), bearer, ['scope'])
    if (isPublic) issues.add('bearer', 'needs an access rule that requires a session')
    if (settings.bearer === undefined) issues.add('bearer', 'needs the option bearer of the login')
    if (sessions !== undefined)
      issues.add('bearer', 'cannot be combined with sessions: a token has no session')
  }
  if (token === undefined || token === false) return
  if (token !== true) issues.add('token', 'must be true or false')
  if (isPublic) issues.add('token', 'needs an access rule that requires a session')
  if (settings.tokens === undefined) issues.add('token', 'needs the option tokens of the login')
}
