import { describe, expect, test } from 'vitest'
import { createGateway, defineGateway, type Route } from '../../src/gateway/index.ts'
import {
  bearerTokens,
  gatewayLogin,
  loginMark,
  loginUser,
  type ProviderOptions,
} from '../../src/login/index.ts'
import { type AuditRecord, auditTrail } from '../../src/monitor/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { type Json, signToken, TestProvider } from '../login/provider.ts'
import { Browser, type Data, origin, sharedKey } from '../login/support.ts'
import { noon, secret } from '../session/support.ts'
import { assertionKey } from './support.ts'

const audience = `${origin}/mcp`

/** A gateway whose API takes access tokens. */
async function createSite(
  routes?: readonly Route<'app', Data>[],
  more: object = {},
  providers: Readonly<Record<string, ProviderOptions>> = {},
) {
  const clock = { now: noon }
  const now = (): number => clock.now
  const provider = new TestProvider(await sharedKey(), clock)
  const seen: Headers[] = []
  const events: SecurityEvent[] = []
  const records: AuditRecord[] = []
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test:8080' } },
      session: storedSessions<Data>({
        secret,
        store: memoryStore({ clock: now }),
        user: loginUser,
        mark: loginMark,
        clock: now,
      }),
      user: (data) => data.user,
      roles: (data) => data.roles,
      assertion: { key: await assertionKey() },
      login: gatewayLogin<Data>({
        providers: {
          acme: { issuer: provider.issuer, clientId: 'client', clientSecret: 'a secret' },
          ...providers,
        },
        fetch: provider.fetch,
        bearer: bearerTokens({ audience, scopes: ['read', 'write'], ...more }),
        identify: ({ user, claims, roles }) =>
          claims.blocked === true
            ? undefined
            : { user, roles: roles('groups', { admin: 'admins' }) },
      }),
      routes: routes ?? [
        { path: '/mcp', to: 'app', bearer: true },
        { path: '/write', to: 'app', bearer: { scope: 'write' } },
        { path: '/admin', to: 'app', bearer: true, access: { role: 'admin' } },
        { path: '/strong', to: 'app', bearer: true, access: { acr: 'phr', fresh: 300 } },
        { path: '/*', to: 'app' },
      ],
      onEvent: (event) => events.push(event),
      audit: auditTrail((record) => records.push(record)),
      clock: now,
      fetch: (async (_: unknown, init: RequestInit = {}) => {
        seen.push(new Headers(init.headers))
        return new Response('upstream')
      }) as typeof fetch,
    }),
  )
  const createToken = (claims: Json = {}, header: Json = { typ: 'at+jwt' }): Promise<string> =>
    signToken(
      provider.key,
      {
        iss: provider.issuer,
        aud: audience,
        sub: 'ada',
        client_id: 'cli',
        iat: provider.seconds,
        exp: provider.seconds + 300,
        jti: 'one',
        scope: 'read',
        ...claims,
      },
      header,
    )
  const ask = async (path: string, token?: string, headers: Json = {}): Promise<Response> =>
    gateway.fetch(
      new Request(`${origin}${path}`, {
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(headers as Record<string, string>),
        },
      }),
    )
  const app = { request: (request: Request) => gateway.fetch(request) }
  const browser = (): Browser => new Browser(app, provider)
  return { gateway, provider, clock, seen, events, records, createToken, ask, browser }
}

describe('access tokens in place of a session', () => {
  test('109: one for this API opens the route; the upstream gets an assertion, and not the token', async () => {
    const { ask, createToken, seen } = await createSite()
    const response = await ask('/mcp', await createToken())
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    expect(seen.at(-1)?.has('authorization')).toBe(false)
    const assertion = seen.at(-1)?.get('portcullis-assertion')?.split('.')[1] ?? ''
    const claims = JSON.parse(atob(assertion.replaceAll('-', '+').replaceAll('_', '/')))
    expect(claims).toMatchObject({ sub: 'acme|ada', aud: 'app' })
  })

  test('109: roles of its claims count as those of a session do', async () => {
    const { ask, createToken } = await createSite()
    expect((await ask('/admin', await createToken({ groups: ['admins'] }))).status).toBe(200)
    const denied = await ask('/admin', await createToken())
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope"',
    ])
  })

  test('109: a scope that is missing is 403 with the scope', async () => {
    const { ask, createToken, seen } = await createSite()
    const denied = await ask('/write', await createToken())
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="write"',
    ])
    expect(seen).toEqual([])
    expect((await ask('/write', await createToken({ scope: 'read write' }))).status).toBe(200)
    expect((await ask('/write', await createToken({ scope: ['write'] }))).status).toBe(200)
    expect((await ask('/write', await createToken({ scope: 'rewrite writer' }))).status).toBe(403)
  })

  test.each<[string, Json, Json?]>([
    ['an id token', { nonce: 'n' }, { typ: 'JWT' }],
    ['a token without a type', {}, {}],
    ['a logout token', { events: {} }, { typ: 'logout+jwt' }],
    ['a token for another API', { aud: 'https://other.example' }],
    ['a token without an audience', { aud: undefined }],
    ['a token for the client', { aud: 'client' }],
    ['a token of another issuer', { iss: 'https://other.example' }],
    ['a token of an issuer with a slash', { iss: 'https://id.example/' }],
    ['an old token', { exp: Math.floor(noon / 1000) - 90 }],
    ['a token of the future', { iat: Math.floor(noon / 1000) + 90 }],
    ['a token without an end', { exp: undefined }],
    ['a token without a person', { sub: undefined }],
    ['a token that is bound to a key', { cnf: { jkt: 'x' } }],
    ['a token under HS256', {}, { typ: 'at+jwt', alg: 'HS256' }],
    ['a token under no algorithm', {}, { typ: 'at+jwt', alg: 'none' }],
  ])('110: %s is 401 with a challenge', async (_, claims, header) => {
    const { ask, createToken, seen, events, provider } = await createSite()
    const token =
      header?.alg === undefined
        ? await createToken(claims, header ?? { typ: 'at+jwt' })
        : `${btoa(JSON.stringify(header))}.${(await createToken(claims)).split('.')[1]}.c2ln`
    const denied = await ask('/mcp', token.replaceAll('=', ''))
    expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect(seen).toEqual([])
    expect(events.some(({ type }) => type === 'bearer-refused')).toBe(true)
    expect(JSON.stringify(events)).not.toContain(token)
    expect(provider.issuer).toBe('https://id.example')
  })

  test.each(['Bearer', 'Bearer a b', 'Basic YTpi', 'Bearer not-a-token', 'Bearer a,b'])(
    '110: %s is 401 with a challenge',
    async (authorization) => {
      const { ask } = await createSite()
      const denied = await ask('/mcp', undefined, { authorization })
      expect([denied.status, denied.headers.get('www-authenticate')]).toEqual([
        401,
        'Bearer error="invalid_token"',
      ])
    },
  )

  test('the audit trail says of every rejected token why, once, and holds none', async () => {
    const { ask, createToken, records } = await createSite()
    const tokens = [
      await createToken({ aud: 'https://other.example' }),
      await createToken({ blocked: true }),
    ]
    for (const token of tokens) await ask('/mcp', token)
    await ask('/write', await createToken())
    await ask('/mcp', undefined, { authorization: 'Bearer a b' })
    const rejected = records.filter(({ action }) => action === 'token-reject')
    expect(rejected.map(({ type, outcome, reason }) => [type, outcome, reason])).toEqual([
      ['bearer-refused', 'denied', 'access-token-bad'],
      ['bearer-refused', 'denied', 'not-admitted'],
      ['bearer-refused', 'denied', 'scope'],
      ['bearer-refused', 'denied', 'malformed'],
    ])
    expect(new Set(rejected.map(({ requestId }) => requestId)).size).toBe(4)
    for (const token of tokens) expect(JSON.stringify(records)).not.toContain(token)

    const away = await createSite()
    away.provider.answers.set('/jwks', () => new Response('', { status: 503 }))
    await away.ask('/mcp', await away.createToken())
    expect(away.records.filter(({ action }) => action === 'token-reject')).toMatchObject([
      { outcome: 'failed', reason: 'provider-unreachable' },
    ])
  })

  test('111: a bad token beside a good cookie is 401', async () => {
    const { browser, createToken } = await createSite()
    const person = browser()
    await person.signIn()
    expect((await person.request('/mcp')).status).toBe(200)
    const authorization = `Bearer ${await createToken({ aud: 'other' })}`
    expect((await person.request('/mcp', { headers: { authorization } })).status).toBe(401)
    // A route that takes no tokens forwards what a client sends.
    expect((await person.request('/other', { headers: { authorization } })).status).toBe(200)
  })

  test('112: keys that cannot be had are 503, and no word on the token', async () => {
    const { ask, createToken, provider } = await createSite()
    provider.answers.set('/jwks', () => new Response('', { status: 503 }))
    const response = await ask('/mcp', await createToken())
    expect(response.status).toBe(503)
    expect(response.headers.get('www-authenticate')).toBeNull()
  })

  test('a person whom identify does not admit is 403', async () => {
    const { ask, createToken } = await createSite()
    expect((await ask('/mcp', await createToken({ blocked: true }))).status).toBe(403)
  })

  test('a token that the rule wants stronger or younger is challenged for it (RFC 9470)', async () => {
    const { ask, createToken, provider } = await createSite()
    const weak = await ask('/strong', await createToken())
    expect([weak.status, weak.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="insufficient_user_authentication", acr_values="phr", max_age="300"',
    ])
    const old = { acr: 'phr', auth_time: provider.seconds - 400 }
    expect((await ask('/strong', await createToken(old))).status).toBe(401)
    const good = { acr: 'phr', auth_time: provider.seconds - 10 }
    expect((await ask('/strong', await createToken(good))).status).toBe(200)
  })

  test('a client without a token learns where to get one (RFC 9728)', async () => {
    const { ask } = await createSite()
    const denied = await ask('/mcp')
    expect(denied.status).toBe(401)
    const where = `${origin}/.well-known/oauth-protected-resource/mcp`
    expect(denied.headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${where}"`)
    const metadata = await ask('/.well-known/oauth-protected-resource/mcp')
    expect(metadata.headers.get('access-control-allow-origin')).toBe('*')
    expect(await metadata.json()).toEqual({
      resource: audience,
      authorization_servers: ['https://id.example'],
      bearer_methods_supported: ['header'],
      scopes_supported: ['read', 'write'],
    })
    for (const path of ['', '/other', '/mcp/x']) {
      const response = await ask(`/.well-known/oauth-protected-resource${path}`)
      expect([path, response.status]).toEqual([path, 404])
    }
    expect((await ask('/other')).headers.get('www-authenticate')).toBeNull()
  })

  test('tokens of Amazon Cognito, which have no audience, are taken by their client', async () => {
    const { ask, createToken } = await createSite(undefined, { clientIds: { acme: ['cli'] } })
    const claims = { aud: undefined, token_use: 'access' }
    expect((await ask('/mcp', await createToken(claims, {}))).status).toBe(200)
    const other = { ...claims, client_id: 'other' }
    expect((await ask('/mcp', await createToken(other, {}))).status).toBe(401)
    expect((await ask('/mcp', await createToken({ ...claims, token_use: 'id' }, {}))).status).toBe(
      401,
    )
  })

  test('110: client identifiers of one provider say nothing of the tokens of another', async () => {
    const { ask, createToken } = await createSite(
      undefined,
      { clientIds: { pool: ['cli'] } },
      { pool: { issuer: 'https://pool.example', clientId: 'client', clientSecret: 'a secret' } },
    )
    // Whoever registers a client at the first provider can choose its name there.
    const claims = { aud: undefined, token_use: 'access' }
    expect((await ask('/mcp', await createToken(claims, {}))).status).toBe(401)
    expect((await ask('/mcp', await createToken(claims))).status).toBe(401)
    expect((await ask('/mcp', await createToken({ token_use: 'access' }, {}))).status).toBe(401)
    expect((await ask('/mcp', await createToken())).status).toBe(200)
  })

  test.each<[object, string]>([
    [{ clientIds: ['cli'] }, 'login.bearer.clientIds must be an object with a list'],
    [{ clientIds: { pol: ['cli'] } }, 'login.bearer.clientIds.pol must be the name of a provider'],
    [
      { clientIds: { acme: 'cli' } },
      'login.bearer.clientIds.acme must be a non-empty list of strings',
    ],
    [{ providers: ['acm'] }, 'login.bearer.providers must be the name of a provider'],
    [{ providers: [] }, 'login.bearer.providers must be a non-empty list of strings'],
    [{ audience: undefined }, 'login.bearer.audience must be the identifier of this API'],
    [{ scope: 'read' }, 'login.bearer.scope is not an option; did you mean scopes?'],
  ])('faults of the option bearer: %j', async (more, fault) => {
    await expect(createSite(undefined, more)).rejects.toThrow(fault)
  })

  test.each<[Route<'app', Data>, string]>([
    [
      { path: '/*', to: 'app', access: 'public', bearer: true },
      'routes.0.bearer needs an access rule that requires a session',
    ],
    [
      { path: '/*', to: 'app', bearer: { scopes: 'x' } as never },
      'routes.0.bearer.scopes is not an option',
    ],
    [
      { path: '/*', to: 'app', bearer: true, sessions: ['set'] },
      'routes.0.bearer cannot be combined with sessions: a token has no session',
    ],
  ])('a route that cannot be meant is a fault: %j', async (route, message) => {
    await expect(createSite([route])).rejects.toThrow(message)
  })
})
