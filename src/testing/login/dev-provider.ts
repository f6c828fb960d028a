/**
 * Creates an OpenID Connect provider for development and tests, which signs in anybody who clicks a name. Tests and
 * development servers create it; `portcullis provider` runs it. An issuer, or an address for logout tokens, that is not
 * this machine throws a `TypeError`. Invalid requests get a page or an OAuth error; a logout token that cannot be
 * delivered is dropped.
 */
import { encodeBase64url, randomId } from '../../crypto/index.ts'
import { createDevGrants, type DevGrant, type DevGrants, type DevSession } from './dev-grants.ts'
import { createDevKeys, type DevKeys } from './dev-keys.ts'
import { createDevMetadata } from './dev-metadata.ts'
import {
  createChoicePage,
  createPage,
  createPostPage,
  type DevPerson,
  usualPeople,
} from './dev-people.ts'

/** Options of {@link devProvider}. */
export interface DevProviderOptions {
  /** The issuer, such as `http://localhost:8789`: http, and on this machine only. */
  readonly issuer: string
  /** The people who can sign in. Default: Alice, an admin; Bob; and Carol, who has no e-mail address. */
  readonly people?: readonly DevPerson[]
  /** The URL that receives logout tokens, `/.portcullis/backchannel-logout/dev` on this machine. Default: none. */
  readonly backchannel?: string
  /** The client id of the application. Default `dev`. Any client secret is accepted. */
  readonly clientId?: string
  /** The client ids of further applications without a secret, such as an MCP client. Default none. */
  readonly publicClients?: readonly string[]
  /** The lifetime of an access token in seconds. Default 300. */
  readonly accessLife?: number
  /** The function that posts logout tokens. Default: the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Returns the current time in ms, for tests. Default `Date.now`. */
  readonly clock?: () => number
}

/** A provider in this process. */
export interface DevProvider {
  /** The issuer. */
  readonly issuer: string
  /** Responds to a request. It can be the option `fetch` of `login()`, or a fetch handler of any server. */
  fetch(request: Request | string, init?: RequestInit): Promise<Response>
}

interface DevContext {
  readonly issuer: string
  readonly clientId: string
  readonly publicClients: readonly string[]
  readonly people: readonly DevPerson[]
  readonly accessLife: number
  readonly grants: DevGrants
  readonly keys: DevKeys
  readonly seconds: () => number
  notify(session: DevSession): Promise<void>
}

type Handler = (context: DevContext, request: Request, url: URL) => Promise<Response> | Response

const ownOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/
const ownMachine = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/
const cookieName = 'dev_provider'

/**
 * Creates a provider with PKCE, nonce, `iss`, refresh tokens that rotate, userinfo, step-up by `acr` and `max_age`,
 * `prompt=none`, access tokens for an API (`resource`, RFC 9068), and logout by the browser and the back channel. It
 * signs in anybody who clicks a name, so it is for this machine only.
 *
 * @example
 * const provider = devProvider({ issuer: 'http://localhost:8789' })
 * const auth = login({ session, fetch: provider.fetch, providers: { dev: { issuer: provider.issuer, clientId: 'dev', clientSecret: 'dev' } } })
 *
 * @throws {TypeError} for an issuer or an address for logout tokens that is not this machine
 */
export function devProvider(options: DevProviderOptions): DevProvider {
  const { issuer, people = usualPeople, backchannel, clientId = 'dev', accessLife = 300 } = options
  const { clock = Date.now, fetch: send = (url, init) => fetch(url, init) } = options
  if (!ownMachine.test(issuer)) {
    throw new TypeError('issuer must be an http URL of this machine, such as http://localhost:8789')
  }
  if (backchannel !== undefined && !isOwnAddress(backchannel)) {
    throw new TypeError(
      'backchannel must be a URL of this machine, such as http://localhost:8787/...',
    )
  }
  const keys = createDevKeys()
  const seconds = (): number => Math.floor(clock() / 1000)
  const context: DevContext = {
    issuer,
    clientId,
    publicClients: options.publicClients ?? [],
    people,
    accessLife,
    grants: createDevGrants(),
    keys,
    seconds,
    async notify({ sid, sub }) {
      if (backchannel === undefined) return
      const now = seconds()
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const times = { iat: now, exp: now + 120, jti: randomId(16) }
      const token = await keys.sign(
        { iss: issuer, aud: clientId, ...times, sub, sid, events },
        'logout+jwt',
      )
      const body = new URLSearchParams({ logout_token: token })
      await send(backchannel, { method: 'POST', body }).catch(() => undefined)
    },
  }
  return {
    issuer,
    async fetch(input, init) {
      const request = new Request(input, init)
      const url = new URL(request.url)
      const handler = handlers.get(`${request.method} ${url.pathname}`)
      return handler?.(context, request, url) ?? createPage('Not found', '', 404)
    },
  }
}

const handlers = /* @__PURE__ */ new Map<string, Handler>([
  ['GET /.well-known/openid-configuration', answerMetadata],
  ['GET /.well-known/oauth-authorization-server', answerMetadata],
  ['GET /jwks', async ({ keys }) => answerJson({ keys: [await keys.readJwk()] })],
  ['GET /auth', (context, request, url) => authorize(context, request, url.searchParams)],
  [
    'POST /auth',
    async (context, request) =>
      authorize(context, request, new URLSearchParams(await request.text())),
  ],
  ['POST /token', answerTokens],
  ['GET /userinfo', answerUserinfo],
  ['POST /revoke', revoke],
  ['GET /end', endSession],
])

function answerMetadata({ issuer }: DevContext): Response {
  return answerJson(createDevMetadata(issuer))
}

/** Reports whether a URL is on this machine. The provider redirects nobody elsewhere. */
function isOwnAddress(text: string): boolean {
  return URL.canParse(text) && ownOrigin.test(new URL(text).origin)
}

async function authorize(
  context: DevContext,
  request: Request,
  query: URLSearchParams,
): Promise<Response> {
  const redirectUri = query.get('redirect_uri') ?? ''
  const clients = [context.clientId, ...context.publicClients]
  if (!isOwnAddress(redirectUri) || !clients.includes(query.get('client_id') ?? '')) {
    return createPage(
      'The client_id is unknown, or the redirect_uri is not on this machine',
      '',
      400,
    )
  }
  const redirectBack = (answer: Record<string, string>, cookie?: string): Response =>
    sendBack(context, query, answer, cookie)
  const isCodeFlow = query.get('response_type') === 'code' && query.get('code_challenge') !== null
  if (!isCodeFlow || query.get('code_challenge_method') !== 'S256')
    return redirectBack({ error: 'invalid_request' })

  const isAnswer = request.method === 'POST'
  if (isAnswer && query.has('deny')) return redirectBack({ error: 'access_denied' })
  const acr = readAcr(query)
  const chosenSub = isAnswer ? query.get('person') : null
  const session = context.grants.find(readSid(request))
  if (chosenSub === null) {
    if (session !== undefined && isEnough(context, session, query, acr)) {
      return redirectBack({ code: issueCode(context, session, query) })
    }
    return query.get('prompt') === 'none'
      ? redirectBack({ error: 'login_required' })
      : createChoicePage(context.people, query)
  }
  if (!context.people.some(({ sub }) => sub === chosenSub))
    return redirectBack({ error: 'access_denied' })
  const newSession = context.grants.begin(chosenSub, context.seconds(), acr)
  const cookie = `${cookieName}=${newSession.sid}; Path=/; HttpOnly; SameSite=Lax`
  return redirectBack({ code: issueCode(context, newSession, query) }, cookie)
}

/** The first authentication context that the request requires (`claims`) or prefers (`acr_values`). */
function readAcr(query: URLSearchParams): string | undefined {
  const preferredAcr = query.get('acr_values')?.split(' ')[0]
  try {
    const claims = JSON.parse(query.get('claims') ?? '{}') as {
      id_token?: { acr?: { values?: string[] } }
    }
    return claims.id_token?.acr?.values?.[0] ?? preferredAcr
  } catch {
    return preferredAcr
  }
}

function isEnough(
  { seconds }: DevContext,
  session: DevSession,
  query: URLSearchParams,
  acr: string | undefined,
): boolean {
  const prompt = query.get('prompt')
  if (prompt === 'login' || prompt === 'select_account') return false
  if (acr !== undefined && session.acr !== acr) return false
  const maxAge = query.get('max_age')
  return maxAge === null || seconds() - session.authenticatedAt <= Number(maxAge)
}

function issueCode({ grants }: DevContext, session: DevSession, query: URLSearchParams): string {
  return grants.issueCode({
    session,
    clientId: query.get('client_id') ?? '',
    scope: query.get('scope') ?? '',
    nonce: query.get('nonce'),
    challenge: query.get('code_challenge'),
    redirectUri: query.get('redirect_uri') ?? '',
    resource: query.get('resource'),
  })
}

function sendBack(
  { issuer }: DevContext,
  query: URLSearchParams,
  answer: Readonly<Record<string, string>>,
  cookie: string | undefined,
): Response {
  const url = new URL(query.get('redirect_uri') ?? '')
  const parameters = { ...answer, state: query.get('state') ?? '', iss: issuer }
  if (query.get('response_mode') === 'form_post') {
    const page = createPostPage(url.href, parameters)
    if (cookie !== undefined) page.headers.set('set-cookie', cookie)
    return page
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  const headers = new Headers({ location: url.href, 'cache-control': 'no-store' })
  if (cookie !== undefined) headers.set('set-cookie', cookie)
  return new Response(null, { status: 303, headers })
}

function readSid(request: Request): string | undefined {
  const header = request.headers.get('cookie') ?? ''
  const pair = header.split('; ').find((cookie) => cookie.startsWith(`${cookieName}=`))
  const value = pair?.slice(cookieName.length + 1)
  return value !== undefined && /^[\w-]+$/.test(value) ? value : undefined
}

async function answerTokens(context: DevContext, request: Request): Promise<Response> {
  const form = new URLSearchParams(await request.text())
  const { grants } = context
  if (form.get('grant_type') === 'refresh_token') {
    const grant = grants.redeemRefresh(form.get('refresh_token') ?? '')
    if (grant === undefined) return answerJson({ error: 'invalid_grant' }, 400)
    return issueTokens(context, { ...grant, nonce: null })
  }
  const grant = grants.redeemCode(form.get('code') ?? '')
  const verifier = new TextEncoder().encode(form.get('code_verifier') ?? '')
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', verifier))
  const isValid =
    grant !== undefined &&
    grant.challenge === encodeBase64url(digest) &&
    grant.redirectUri === form.get('redirect_uri')
  return isValid ? issueTokens(context, grant) : answerJson({ error: 'invalid_grant' }, 400)
}

async function issueTokens(context: DevContext, grant: DevGrant): Promise<Response> {
  const { issuer, accessLife, grants, keys, seconds } = context
  const { session, clientId, nonce, scope } = grant
  const { access, refresh } = grants.issueTokens(grant)
  const now = seconds()
  const accessToken = grant.resource === null ? access : await signAccessToken(context, grant)
  const idToken = await keys.sign({
    ...findClaims(context, session.sub),
    iss: issuer,
    aud: clientId,
    iat: now,
    exp: now + 3600,
    auth_time: session.authenticatedAt,
    sid: session.sid,
    ...(session.acr !== undefined && { acr: session.acr }),
    ...(nonce !== null && { nonce }),
  })
  return answerJson({
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: accessLife,
    refresh_token: refresh,
    id_token: idToken,
    scope,
  })
}

/** Signs an access token for an API, which verifies it without the provider. @see RFC 9068 section 2.2 */
async function signAccessToken(context: DevContext, grant: DevGrant): Promise<string> {
  const { issuer, accessLife, keys, seconds } = context
  const { session, clientId, scope, resource } = grant
  const now = seconds()
  const claims = {
    ...findClaims(context, session.sub),
    iss: issuer,
    aud: resource,
    client_id: clientId,
    scope,
    iat: now,
    exp: now + accessLife,
    jti: randomId(16),
    auth_time: session.authenticatedAt,
    ...(session.acr !== undefined && { acr: session.acr }),
  }
  return keys.sign(claims, 'at+jwt')
}

function findClaims({ people }: DevContext, sub: string): DevPerson {
  return people.find((person) => person.sub === sub) ?? { sub }
}

function answerUserinfo(context: DevContext, request: Request): Response {
  const token = request.headers.get('authorization')?.replace(/^Bearer /i, '') ?? ''
  const grant = context.grants.findByAccess(token)
  if (grant === undefined) return answerJson({ error: 'invalid_token' }, 401)
  return answerJson(findClaims(context, grant.session.sub))
}

async function revoke({ grants }: DevContext, request: Request): Promise<Response> {
  grants.revoke(new URLSearchParams(await request.text()).get('token') ?? '')
  return new Response(null)
}

async function endSession(context: DevContext, request: Request, url: URL): Promise<Response> {
  const session = context.grants.find(readSid(request))
  if (session !== undefined) {
    context.grants.end(session.sid)
    await context.notify(session)
  }
  const next = url.searchParams.get('post_logout_redirect_uri') ?? ''
  const headers = new Headers({ 'set-cookie': `${cookieName}=; Path=/; Max-Age=0` })
  if (!isOwnAddress(next)) return createPage('You are signed out', '')
  headers.set('location', next)
  return new Response(null, { status: 303, headers })
}

function answerJson(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { 'cache-control': 'no-store' } })
}
