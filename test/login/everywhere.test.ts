import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { bearerTokens, googleIap, type LoginOptions, login } from '../../src/login/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { secret } from '../session/support.ts'
import { createSite, type Data, navigation, origin } from './support.ts'

const base = '/.portcullis'
const pages = [`${base}/login`, `${base}/callback/acme`, `${base}/logout`, `${base}/logged-out`]

describe('every answer of the login', () => {
  test('113: no token, code, state, secret, e-mail or name is in an event', async () => {
    const site = await createSite()
    const email = 'ada@example.com'
    site.provider.claims = { email, name: 'Ada Lovelace', email_verified: true }
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin())
    const [sealed = ''] = person.attempts.map((name) => person.cookies.get(name) ?? '')
    await person.request(callback)
    await person.request(callback)
    site.provider.claims = { email, sub: 'ada', nonce: 'wrong' }
    await site.browser().signIn()
    await person.request(`${base}/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    const token = await site.provider.logoutToken({ sid: 'sid-1', aud: 'other' })
    await site.app.request(`${origin}${base}/backchannel-logout/acme`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }),
    })

    const text = JSON.stringify(site.events)
    expect(site.events.length).toBeGreaterThan(4)
    const query = new URL(callback).searchParams
    const secrets = [
      email,
      'Ada',
      'a secret',
      'access',
      sealed,
      token,
      query.get('code'),
      query.get('state'),
    ]
    for (const one of secrets) expect(text).not.toContain(one)
    expect(text).not.toContain(site.provider.forms[0]?.get('code_verifier'))
    expect(text).not.toContain('sid-1')
  })

  test('114: nothing is cached, framed, sniffed or told as a referrer', async () => {
    const site = await createSite()
    for (const path of pages) {
      const response = await site.browser().request(path)
      expect([path, response.headers.get('cache-control')]).toEqual([path, 'no-store'])
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      if (response.status === 303) continue
      expect(response.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      )
    }
  })

  test('114: the policy names the page’s own style', async () => {
    const site = await createSite()
    const response = await site.browser().request(`${base}/logout`)
    const style = /<style>(.*)<\/style>/s.exec(await response.text())?.[1] ?? ''
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style)),
    )
    const hash = btoa(String.fromCharCode(...digest))
    expect(response.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`)
  })

  test('115: other hosts are 421, other spellings 404, other methods 405', async () => {
    const site = await createSite()
    const ask = (url: string, init: RequestInit = {}): Response | Promise<Response> =>
      site.app.request(url, { headers: navigation, ...init })
    for (const path of pages) {
      expect((await ask(`https://other.example${path}`)).status).toBe(421)
      expect((await ask(`http://app.example:8080${path}`)).status).toBe(421)
    }
    const token = await site.provider.logoutToken({ sid: 'sid-1' })
    const posted = await ask(`https://other.example${base}/backchannel-logout/acme`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${token}`,
    })
    expect([posted.status, site.provider.asked]).toEqual([421, []])

    for (const path of [
      '/Login',
      '/login/',
      '/%6cogin',
      '/callback/nobody',
      '/callback/acme/x',
      '/callback',
      '/me',
      '/logout.html',
    ]) {
      expect([path, (await ask(`${origin}${base}${path}`)).status]).toEqual([path, 404])
    }
    for (const [path, method, allow] of [
      ['/login', 'POST', 'GET'],
      ['/login', 'HEAD', 'GET'],
      ['/callback/acme', 'PUT', 'GET, POST'],
      ['/logout', 'DELETE', 'GET, POST'],
      ['/logged-out', 'POST', 'GET'],
      ['/backchannel-logout/acme', 'GET', 'POST'],
    ] as const) {
      const response = await ask(`${origin}${base}${path}`, { method })
      expect([path, method, response.status, response.headers.get('allow')]).toEqual([
        path,
        method,
        405,
        allow,
      ])
    }
  })

  test('117: pages need no script, fit small screens, light and dark, and say nothing of the reason', async () => {
    const site = await createSite()
    for (const path of [...pages, `${base}/callback/acme?error=access_denied&state=x`]) {
      const text = await (await site.browser().request(path)).text()
      if (text === '') continue
      expect(text).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
      expect(text).toContain('<meta name="color-scheme" content="light dark">')
      expect(text).not.toMatch(/<script|onload|attempt|denied|state/)
    }
  })

  test('me is JSON of what the site says, for the signed in only, and never cached', async () => {
    const site = await createSite({ login: { me: (data: Data) => ({ user: data.user }) } })
    const person = site.browser()
    expect((await person.request(`${base}/me`)).status).toBe(401)
    await person.signIn()
    const response = await person.request(`${base}/me`)
    expect([response.headers.get('cache-control'), await response.json()]).toEqual([
      'no-store',
      { user: 'acme|ada' },
    ])
  })

  test('another base moves every address', async () => {
    const site = await createSite({ login: { base: '/auth' } })
    const person = site.browser()
    expect(site.auth.signIn).toBe('/auth/login')
    const location = await person.begin('/auth/login?return_to=/a')
    expect(new URL(location).searchParams.get('redirect_uri')).toBe(`${origin}/auth/callback/acme`)
    expect((await person.request(site.provider.authorize(location))).headers.get('location')).toBe(
      '/a',
    )
    expect((await person.request(`${base}/login`)).status).toBe(404)
  })

  test('it works where session() does not run around it', async () => {
    const site = await createSite()
    const app = new Hono()
      .use(site.auth)
      .get('/', async (c) => c.json((await c.var.login.facts()) ?? null))
    const person = site.browser()
    const begun = await person.begin()
    const cookie = person.cookieHeader
    const done = await app.request(site.provider.authorize(begun), {
      headers: { ...navigation, cookie },
    })
    expect(done.status).toBe(303)
    const session = done.headers.getSetCookie().find((line) => line.startsWith('__Host-session='))
    const home = await app.request(`${origin}/`, {
      headers: { cookie: `${session}`.split(';', 1)[0] ?? '' },
    })
    expect(await home.json()).toMatchObject({ provider: 'acme', sub: 'ada' })
  })
})

describe('options', () => {
  const session = statelessSessions<Data>({ secret })
  const good: LoginOptions<Data> = {
    session,
    providers: { acme: { issuer: 'https://id.example', clientId: 'client', clientSecret: 's' } },
  }

  test('every fault is named at once, and no value', () => {
    const wrong = {
      ...good,
      baze: '/x',
      base: '/a b',
      publicOrigin: 'https://app.example/path',
      afterLogin: 'https://evil.example',
      logout: 'never',
      tolerance: 301,
      timeoutMs: 5,
      attempts: { most: 11, lif: 1 },
      identify: 'no function',
      providers: {
        Acme: { issuer: 'http://id.example', clientId: '' },
        other: {
          issuer: 'https://user:hunter2@id.example',
          clientId: 'client',
          clientSecret: ['a', 'b', 'c'],
          algorithms: ['HS256'],
          auth: 'tls',
          tenants: ['t'],
          scop: 'openid',
          userinfo: true,
          resource: 'https://api.example',
        },
      },
    }
    let message = ''
    try {
      login(wrong as never)
    } catch (error) {
      message = (error as Error).message
    }
    for (const fault of [
      'login.baze is not an option; did you mean base?',
      'login.base must be a path',
      'login.publicOrigin must be an origin',
      'login.afterLogin must be a path',
      'login.logout must be one of',
      'login.tolerance must be a whole number of seconds from 0 to 300',
      'login.timeoutMs must be',
      'login.attempts.most must be',
      'login.attempts.lif is not an option; did you mean life?',
      'login.identify must be a function',
      'login.providers.Acme must have a name of at most 32 lower-case letters',
      'login.providers.Acme.issuer must be an https URL',
      'login.providers.Acme.clientId must be a non-empty string',
      'login.providers.Acme.clientSecret is required',
      'login.providers.other.issuer must be an https URL',
      'login.providers.other.clientSecret must be a string, or a list of one or two',
      'login.providers.other.algorithms must be a list of',
      'login.providers.other.auth must be one of',
      'login.providers.other.scop is not an option; did you mean scope?',
      'login.providers.other.userinfo must not be true together with resource',
    ]) {
      expect(message).toContain(fault)
    }
    expect(message).not.toContain('hunter2')
  })

  test.each([
    ['bearer', bearerTokens({ audience: 'https://app.example/api' })],
    ['edge', googleIap({ audience: '/projects/1/apps/2' })],
  ])(
    '%s in a Hono app, where it would do nothing, is a fault that says where it works',
    (name, option) => {
      expect(() => login({ ...good, [name]: option })).toThrow(
        `login.${name} works only in gatewayLogin({ ... })`,
      )
    },
  )

  test('without providers, or with 21, it is a fault', () => {
    const one = { issuer: 'https://id.example', clientId: 'client', clientSecret: 's' }
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`p${at}`, one]))
    for (const providers of [{}, many]) {
      expect(() => login({ ...good, providers })).toThrow(
        'login.providers must name between 1 and 20 providers',
      )
    }
  })

  test('a secret that the environment lacks is a fault of the request, not of the build', async () => {
    const read = (c: { env: { SECRET?: string } }): string | undefined => c.env?.SECRET
    const auth = login<Data>({
      ...good,
      providers: { acme: { ...good.providers.acme, clientSecret: read } as never },
    })
    const app = new Hono().use(auth).onError((error, c) => c.text(error.message, 503))
    const response = await app.request(`${origin}${base}/login`, { headers: navigation })
    expect([response.status, await response.text()]).toEqual([
      503,
      'login.providers.acme.clientSecret is not set',
    ])
  })
})
