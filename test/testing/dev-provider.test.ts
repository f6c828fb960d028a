import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import {
  type LoginOptions,
  login,
  loginMark,
  loginUser,
  memoryTokens,
} from '../../src/login/index.ts'
import { errorPage } from '../../src/page/index.ts'
import { requireSession, session, storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import {
  createLoginBrowser,
  type DevProviderOptions,
  devProvider,
  signInAs,
} from '../../src/testing/index.ts'
import { noon, secret } from '../session/support.ts'

const origin = 'http://localhost:8787'
const issuer = 'http://localhost:8789'

interface Data {
  readonly user: string
  readonly name: string
  readonly roles: string[]
}

/** A site whose only provider is the development provider. */
function createSite(
  options: Partial<DevProviderOptions> = {},
  more: Partial<LoginOptions<Data>> = {},
) {
  const clock = { now: noon }
  const now = (): number => clock.now
  const sessions = storedSessions<Data>({
    secret,
    store: memoryStore({ clock: now }),
    user: loginUser,
    mark: loginMark,
    clock: now,
  })
  const provider = devProvider({
    issuer,
    clock: now,
    backchannel: `${origin}/.portcullis/backchannel-logout/dev`,
    fetch: async (url, init) => app.request(url, init),
    ...options,
  })
  const auth = login<Data>({
    session: sessions,
    fetch: provider.fetch,
    clock: now,
    providers: { dev: { issuer, clientId: 'dev', clientSecret: 'anything' } },
    tokens: memoryTokens({ clock: now }),
    identify: ({ user, claims, roles }) => ({
      user,
      name: `${claims.name}`,
      roles: roles('groups', { admin: 'admins' }),
    }),
    ...more,
  })
  const app = new Hono()
    .onError(errorPage({ report: () => {} }))
    .use(session(sessions))
    .use(auth)
    .get('/', (c) => c.text('home'))
    .get('/who', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/token', async (c) => c.text(await c.var.login.token()))
    .get('/orders', requireSession({ signIn: auth.signIn }), (c) => c.text('orders'))
  return {
    app,
    provider,
    clock,
    browser: () => createLoginBrowser({ site: app, origin, provider }),
  }
}

describe('the development provider', () => {
  test('signs a person in with one click, on the page that they came for', async () => {
    const browser = createSite().browser()
    const page = await signInAs(browser, 'alice', { path: '/orders' })
    expect([page.status, await page.text(), browser.url]).toEqual([
      200,
      'orders',
      `${origin}/orders`,
    ])
    expect(await (await browser.open('/who')).json()).toMatchObject({
      user: 'dev|alice',
      name: 'Alice',
      roles: ['admin'],
    })
  })

  test('signs in whom a test brings along, and nobody else', async () => {
    const people = [{ sub: 'zoe', name: 'Zoë <script>', groups: ['admins'] }]
    const site = createSite({ people })
    const browser = site.browser()
    await signInAs(browser, 'zoe')
    expect(await (await browser.open('/who')).json()).toMatchObject({ name: 'Zoë <script>' })
    await expect(signInAs(site.browser(), 'alice')).rejects.toThrow('has no person alice')
    const other = site.browser()
    const page = await other.open('/.portcullis/login')
    expect(await page.text()).not.toContain('<script>')
  })

  test('asks no second time, until the login asks for it', async () => {
    const { browser, clock } = createSite()
    const person = browser()
    await signInAs(person, 'bob')
    clock.now += 120_000
    expect((await person.open('/.portcullis/login')).status).toBe(200)
    expect(person.url).toBe(`${origin}/`)
    await person.open('/.portcullis/login?max_age=60')
    expect(person.url.startsWith(`${issuer}/auth`)).toBe(true)
    await person.open('/.portcullis/login?prompt=login')
    expect(person.url.startsWith(`${issuer}/auth`)).toBe(true)
    await signInAs(person, 'bob', { path: '/.portcullis/login?acr=phr' })
    expect(await (await person.open('/who')).json()).toMatchObject({ login: { acr: 'phr' } })
  })

  test('answers prompt=none without a page', async () => {
    const { browser } = createSite()
    const person = browser()
    await person.open('/.portcullis/login?prompt=none&return_to=/')
    expect(person.url).toBe(`${origin}/`)
    expect(await (await person.open('/who')).json()).toBeNull()
  })

  test('says no for a person who refuses', async () => {
    const { browser } = createSite()
    const person = browser()
    await person.open('/.portcullis/login')
    const query = new URL(person.url).searchParams
    query.set('deny', '1')
    expect((await person.open(`${issuer}/auth`, { method: 'POST', body: query })).status).toBe(403)
  })

  test('renews tokens that rotate, and ends the session of one that comes twice', async () => {
    const { app, provider, browser, clock } = createSite({ accessLife: 60 })
    const person = browser()
    await signInAs(person, 'alice')
    const first = await (await person.open('/token')).text()
    clock.now += 61_000
    const second = await (await person.open('/token')).text()
    expect(second).not.toBe(first)
    const ask = (refresh: string): Promise<Response> =>
      provider.fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refresh }),
      })
    expect((await ask('made up')).status).toBe(400)
    const userinfo = await provider.fetch(`${issuer}/userinfo`, {
      headers: { authorization: `Bearer ${second}` },
    })
    expect(await userinfo.json()).toMatchObject({ sub: 'alice' })
    expect((await provider.fetch(`${issuer}/userinfo`)).status).toBe(401)
    expect((await app.request('/token')).status).toBe(401)
  })

  test('a logout goes there and back, and a logout there ends the session here', async () => {
    const { browser } = createSite()
    const person = browser()
    await signInAs(person, 'alice')
    const headers = { 'sec-fetch-site': 'same-origin' }
    const page = await person.request('/.portcullis/logout', { method: 'POST', headers })
    const next = /href="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&#38;', '&') ?? ''
    await person.open(next)
    expect(person.url).toBe(`${origin}/.portcullis/logged-out`)

    await signInAs(person, 'alice')
    expect(await (await person.open('/who')).json()).toMatchObject({ name: 'Alice' })
    await person.open(`${issuer}/end`)
    expect(await (await person.open('/who')).json()).toBeNull()
  })

  test.each([
    'https://localhost:8789',
    'http://id.example',
    'http://localhost.evil.example:8789',
    'http://localhost:8789/path',
    'http://10.0.0.1:8789',
  ])('throws for the issuer %s', (other) => {
    expect(() => devProvider({ issuer: other })).toThrow(TypeError)
    expect(() =>
      devProvider({ issuer, backchannel: `${other.replace('/path', '')}x.example` }),
    ).toThrow(TypeError)
  })

  test.each([
    'https://app.example/.portcullis/callback/dev',
    'http://localhost.evil.example/',
    'http://localhost@evil.example/',
    'javascript:alert(1)',
    '',
  ])('sends nobody to %s', async (target) => {
    const { provider } = createSite()
    const query = new URLSearchParams({ client_id: 'dev', redirect_uri: target })
    const response = await provider.fetch(`${issuer}/auth?${query}`)
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    const out = new URLSearchParams({ post_logout_redirect_uri: target })
    expect((await provider.fetch(`${issuer}/end?${out}`)).headers.get('location')).toBeNull()
  })

  test('wants PKCE with S256, and redeems a code once with its verifier', async () => {
    const { provider, browser } = createSite()
    const person = browser()
    const begun = await person.request('/.portcullis/login')
    const url = new URL(begun.headers.get('location') ?? '')
    url.searchParams.set('code_challenge_method', 'plain')
    const refused = await provider.fetch(url.href)
    expect(refused.headers.get('location')).toContain('error=invalid_request')
    url.searchParams.set('code_challenge_method', 'S256')
    url.searchParams.set('person', 'alice')
    const answer = await provider.fetch(`${issuer}/auth`, {
      method: 'POST',
      body: url.searchParams,
    })
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const body = new URLSearchParams({ code, code_verifier: 'a guess' })
    expect((await provider.fetch(`${issuer}/token`, { method: 'POST', body })).status).toBe(400)
    expect((await provider.fetch(`${issuer}/nowhere`)).status).toBe(404)
  })

  test('a resource makes the access token a JWT for that API, also of a public client', async () => {
    const provider = devProvider({ issuer, publicClients: ['mcp-client'], clock: () => noon })
    const verifier = 'v'.repeat(43)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    const challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace('=', '')
    const redirectUri = 'http://localhost:33418/callback'
    const ask = (clientId: string): Promise<Response> =>
      provider.fetch(`${issuer}/auth`, {
        method: 'POST',
        body: new URLSearchParams({
          client_id: clientId,
          response_type: 'code',
          redirect_uri: redirectUri,
          code_challenge: challenge,
          code_challenge_method: 'S256',
          scope: 'tools',
          resource: `${origin}/mcp`,
          person: 'alice',
        }),
      })
    expect((await ask('somebody-else')).status).toBe(400)
    const location = new URL((await ask('mcp-client')).headers.get('location') ?? '')
    const response = await provider.fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: location.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    })
    const { access_token: token } = (await response.json()) as { access_token: string }
    const [head, claims] = token
      .split('.', 2)
      .map((part) => JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))))
    expect(head).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
    expect(claims).toMatchObject({
      iss: issuer,
      aud: `${origin}/mcp`,
      sub: 'alice',
      client_id: 'mcp-client',
      scope: 'tools',
      exp: noon / 1000 + 300,
    })
  })
})
