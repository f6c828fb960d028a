/**
 * Serves the endpoints of a login as one function: `login`, `callback/<name>`, `logout`, `logged-out`,
 * `backchannel-logout/<name>` and `me` below the option `base`. `serve.ts` calls `handleLogin` for a
 * Hono app and `gateway/handler.ts` for a gateway; `middleware.ts` asks it for paths and cookie names.
 *
 * Another path gives undefined. Another host than `publicOrigin` gets 421, another method 405, and a
 * form that is malformed or over 64 kB is treated as missing (400). A login that fails becomes a
 * page and an event; `ERR_CONFIG` and errors that options throw pass through, and so do errors of
 * the session store, except in the callback and the logout, which answer 503.
 */
import { applySitePages } from '../page/template/site-pages.ts'
import type { SessionHandle } from '../session/core/types.ts'
import type { FlowContext } from './context.ts'
import { endByBackchannel } from './flow/backchannel.ts'
import { finishLogin, forwardFormPost } from './flow/callback.ts'
import { readHintNames } from './flow/hint.ts'
import { logout, showLoggedOut, showLogout } from './flow/logout.ts'
import { startLogin } from './flow/start.ts'
import { createFailure } from './pages.ts'
import { readBounded } from './providers/send.ts'
import type { LoginSettings } from './settings.ts'

/** The request to an endpoint, with its environment. */
export interface FlowRequest {
  readonly request: Request
  readonly env: unknown
  /** The session of this request; opened only where an endpoint needs it. */
  readonly session: () => SessionHandle<object>
  readonly requestId?: string
  /** See `FlowContext`. */
  readonly eventContext?: object
  /** The origin that is registered, where a gateway knows it. Default the option `publicOrigin`, or the request's. */
  readonly origin?: string
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

/** One endpoint: its methods, and the function that answers. */
interface FlowEndpoint {
  readonly methods: readonly string[]
  readonly answer: (context: FlowContext) => Promise<Response> | Response
}

const mostFormBytes = 65_536
const endpointsBelow = ['callback', 'backchannel-logout'] as const

/** Lists the cookies of the login whose names are fixed. Attempt cookies have random names: see `flow/attempts.ts`. */
export function readLoginCookieNames(settings: LoginSettings): string[] {
  const prefix = settings.attempts.insecurePlainHttp ? '' : '__Host-'
  return [`${prefix}login-turns`, `${prefix}login-none`, ...readHintNames(settings)]
}

/** Whether a path is an endpoint of the login. */
export function isLoginPath(settings: LoginSettings, path: string): boolean {
  return findEndpoint(settings, path) !== undefined
}

/** Answers a request to one of the endpoints; undefined for any other address. */
export async function handleLogin(
  settings: LoginSettings,
  given: FlowRequest,
): Promise<Response | undefined> {
  const { request } = given
  const url = new URL(request.url)
  const endpoint = findEndpoint(settings, url.pathname)
  if (endpoint === undefined) return undefined

  const publicOrigin = given.origin ?? settings.publicOrigin
  if (publicOrigin !== undefined && url.host !== new URL(publicOrigin).host) {
    return applySitePages(createFailure({ status: 421 }), request)
  }
  if (!endpoint.methods.includes(request.method)) {
    const headers = { allow: endpoint.methods.join(', ') }
    return applySitePages(createFailure({ status: 405, headers }), request)
  }

  const response = await endpoint.answer(createContext(given, url, publicOrigin ?? url.origin))
  return applySitePages(response, request)
}

function createContext(given: FlowRequest, url: URL, origin: string): FlowContext {
  const { request, env, session, requestId, eventContext, waitUntil } = given
  return {
    request,
    url,
    env,
    origin,
    get session() {
      return session()
    },
    waitUntil,
    ...(requestId !== undefined && { requestId }),
    ...(eventContext !== undefined && { eventContext }),
  }
}

function findEndpoint(settings: LoginSettings, path: string): FlowEndpoint | undefined {
  const { base } = settings
  if (!path.startsWith(`${base}/`)) return undefined
  const rest = path.slice(base.length + 1)
  for (const folder of endpointsBelow) {
    if (!rest.startsWith(`${folder}/`)) continue
    const name = rest.slice(folder.length + 1)
    if (!settings.providerNames.includes(name)) return undefined
    return folder === 'callback'
      ? callbackEndpoint(settings, name)
      : backchannelEndpoint(settings, name)
  }

  return fixedEndpoint(settings, rest)
}

function fixedEndpoint(settings: LoginSettings, rest: string): FlowEndpoint | undefined {
  switch (rest) {
    case 'login':
      return { methods: ['GET'], answer: (context) => startLogin(settings, context) }
    case 'logout':
      return {
        methods: ['GET', 'POST'],
        answer: (context) =>
          context.request.method === 'POST' ? logout(settings, context) : showLogout(settings),
      }
    case 'logged-out':
      return { methods: ['GET'], answer: () => showLoggedOut(settings) }
    case 'me':
      if (settings.me === undefined) return undefined
      return { methods: ['GET'], answer: (context) => answerMe(settings, context) }
    default:
      return undefined
  }
}

function callbackEndpoint(settings: LoginSettings, name: string): FlowEndpoint {
  return {
    methods: ['GET', 'POST'],
    async answer(context) {
      if (context.request.method === 'GET') return finishLogin(settings, context, name)
      const form = await readForm(context.request)
      if (form === undefined) return createFailure({ status: 400 })
      return forwardFormPost(settings, name, form)
    },
  }
}

function backchannelEndpoint(settings: LoginSettings, name: string): FlowEndpoint | undefined {
  if (!settings.backchannel) return undefined
  return {
    methods: ['POST'],
    async answer(context) {
      const form = (await readForm(context.request)) ?? new URLSearchParams()
      return endByBackchannel(settings, context, name, form)
    },
  }
}

/** Reads a form of at most `mostFormBytes`; undefined for any other body. */
async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded' || request.body === null) return undefined
  try {
    return new URLSearchParams(await readBounded(request, mostFormBytes))
  } catch {
    return undefined
  }
}

async function answerMe(settings: LoginSettings, { session }: FlowContext): Promise<Response> {
  const data = await session.get()
  const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  if (data === undefined) return Response.json({ error: 'not signed in' }, { status: 401, headers })

  return Response.json(settings.me?.(data as never) ?? null, { headers })
}
