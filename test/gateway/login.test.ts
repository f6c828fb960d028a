import { describe, expect, test } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import { login } from '../../src/login/index.ts'
import { type AuditRecord, auditTrail, monitor, type RequestLine } from '../../src/monitor/index.ts'
import { navigation, origin } from '../login/support.ts'
import { createGatewaySite, type GatewaySiteOptions } from './login-site.ts'

const base = '/.portcullis'

const fetchHeaders = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }

describe('a login in a gateway', () => {
  test('1, 2: a page without a session leads to the provider and back to the page', async () => {
    const { browser, provider, seen } = await createGatewaySite()
    const person = browser()
    const denied = await person.request('/orders?page=2')
    expect([denied.status, denied.headers.get('location')]).toEqual([
      303,
      '/.portcullis/login?return_to=%2Forders%3Fpage%3D2',
    ])
    expect(seen).toEqual([])
    const done = await person.signIn(denied.headers.get('location') ?? '')
    expect([done.status, done.headers.get('location')]).toEqual([303, '/orders?page=2'])
    const page = await person.request('/orders?page=2')
    expect(await page.text()).toBe('upstream')
    expect(seen.at(-1)?.url).toBe('http://upstream.test:8080/orders?page=2')
    expect(seen.at(-1)?.headers.get('portcullis-assertion')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(provider.asked).toContain('POST /token')
  })

  test('4: a fetch without a session is 401 with the way to sign in, and no cookie', async () => {
    const { browser } = await createGatewaySite()
    const response = await browser().request('/orders', { headers: fetchHeaders })
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ status: 401, signIn: '/.portcullis/login' })
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('5: a prefetch is not sent to the login', async () => {
    const { browser } = await createGatewaySite()
    const prefetch = await browser().request('/orders', { headers: { 'sec-purpose': 'prefetch' } })
    expect(prefetch.status).toBe(401)
  })

  test('7: a form without a session is a page with a link, and no redirect', async () => {
    const { browser } = await createGatewaySite()
    const response = await browser().request('/orders', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ a: '1' }),
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('location')).toBeNull()
    expect(await response.text()).toContain('<a href="/.portcullis/login">Sign in</a>')
  })

  test('a login that a provider lets down is in the line of its request and in the audit trail', async () => {
    const lines: RequestLine[] = []
    const records: AuditRecord[] = []
    const { browser, provider } = await createGatewaySite({
      gateway: {
        monitor: monitor({ log: (line) => lines.push(line) }),
        audit: auditTrail((record) => records.push(record)),
      },
    })
    const away = (): never => {
      throw new TypeError('fetch failed')
    }
    const reason = 'provider-unreachable'
    provider.answers.set('/token', away)
    expect((await browser().signIn()).status).toBe(503)
    expect(lines.at(-1)).toMatchObject({ status: 503, reason, decision: 'failed' })
    expect(records.at(-1)).toMatchObject({ action: 'login', outcome: 'failed', reason })
    expect(records.at(-1)?.requestId).toBe(lines.at(-1)?.requestId)
  })

  test('a person whom identify does not admit is refused with that reason in the line', async () => {
    const lines: RequestLine[] = []
    const { browser } = await createGatewaySite({
      login: { identify: () => undefined },
      gateway: { monitor: monitor({ log: (line) => lines.push(line) }) },
    })
    expect((await browser().signIn()).status).toBe(403)
    expect(lines.at(-1)).toMatchObject({ status: 403, reason: 'not-admitted', decision: 'refused' })
  })

  test('roles that identify made open routes, and 403 is no way to the login', async () => {
    const { browser, provider } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    expect((await person.request('/admin/users')).status).toBe(403)
    provider.claims = { groups: ['admins'] }
    await person.signIn()
    expect((await person.request('/admin/users')).status).toBe(200)
  })

  test('74: fresh asks the same provider again with max_age', async () => {
    const { browser, clock, provider } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    expect((await person.request('/payments')).status).toBe(200)
    clock.now += 301_000
    const denied = await person.request('/payments')
    const location = denied.headers.get('location') ?? ''
    expect(location).toBe('/.portcullis/login?provider=acme&max_age=300&return_to=%2Fpayments')
    expect(new URL(await person.begin(location)).searchParams.get('max_age')).toBe('300')
    provider.claims = { auth_time: Math.floor(clock.now / 1000) }
    await person.signIn(location)
    expect((await person.request('/payments')).status).toBe(200)
  })

  test('76: acr asks for a stronger login; not reached is 403 once', async () => {
    const { browser, provider } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    const denied = await person.request('/strong')
    const location = denied.headers.get('location') ?? ''
    expect(location).toBe('/.portcullis/login?provider=acme&acr=phr+phrh&return_to=%2Fstrong')
    expect(new URL(await person.begin(location)).searchParams.get('acr_values')).toBe('phr phrh')
    expect((await person.signIn(location)).status).toBe(403)
    provider.claims = { acr: 'phrh' }
    expect((await person.signIn(location)).status).toBe(303)
    expect((await person.request('/strong')).status).toBe(200)
    const weak = await browser().request('/strong', { headers: fetchHeaders })
    expect(weak.status).toBe(401)
  })

  test('72: cookies of attempts, hints and markers never reach an upstream', async () => {
    const { browser, seen } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    await person.begin()
    await person.begin()
    expect(person.attempts).toHaveLength(2)
    const hint = '__Secure-login-hint-0=x; __Host-login-none=1; __Host-login-anything=1; mine=2'
    const cookie = `${person.cookieHeader}; ${hint}; login-mine=3`
    await person.request('/orders', { cookie })
    expect(seen.at(-1)?.headers.get('cookie')).toBe('mine=2; login-mine=3')
  })

  test.each([
    '__Host-login-turns=9; Secure; Path=/',
    '__host-LOGIN-0123456789ab=x; Secure; Path=/',
    '__Host-login-0a1b2cAbCdEf=x; Secure; Path=/',
    '__Secure-login-hint-0=x; Secure; Path=/.portcullis/logout',
    '=__Host-login-none=1; Secure; Path=/',
    'a=1, __Host-login-none=1; Secure; Path=/',
  ])('72: an upstream cannot set %s', async (line) => {
    const { browser, upstream } = await createGatewaySite()
    upstream.answer = () => new Response('', { headers: { 'set-cookie': line } })
    const response = await browser().request('/')
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test('72: an upstream sets its own cookies as before', async () => {
    const { browser, upstream } = await createGatewaySite()
    upstream.answer = () => new Response('', { headers: { 'set-cookie': 'login-mine=1; Path=/' } })
    const response = await browser().request('/')
    expect(response.headers.getSetCookie()).toEqual(['login-mine=1; Path=/; Secure; SameSite=Lax'])
  })

  test('81, 83: a logout ends the session, and goes on to the provider', async () => {
    const { browser } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    const cookie = person.cookieHeader
    const page = await person.request(`${base}/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('https://id.example/end?')
    const copy = await browser().request('/orders', { cookie })
    expect(copy.status).toBe(303)
  })

  test('80: a logout that another site posts is 403', async () => {
    const { browser } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    const response = await person.request(`${base}/logout`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
    })
    expect(response.status).toBe(403)
    expect((await person.request('/orders')).status).toBe(200)
  })

  test('89: a logout token ends the session at the next request', async () => {
    const { browser, provider, gateway, events } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    const body = new URLSearchParams({ logout_token: await provider.logoutToken({ sid: 'sid-1' }) })
    const response = await gateway.fetch(
      new Request(`${origin}${base}/backchannel-logout/acme`, { method: 'POST', body }),
    )
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect((await person.request('/orders')).status).toBe(303)
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'backchannel-logout', reason: 'sid', subject: 'acme' }),
    )
  })

  test('105: an upstream gets the provider’s token, and never what the client sent', async () => {
    const { browser, provider, clock, seen, events } = await createGatewaySite()
    const person = browser()
    await person.signIn()
    const headers = { authorization: 'Bearer of-the-client' }
    await person.request('/api/orders', { headers })
    const first = seen.at(-1)?.headers.get('authorization') ?? ''
    expect(first).toMatch(/^Bearer access-\d+$/)
    await person.request('/orders', { headers })
    expect(seen.at(-1)?.headers.get('authorization')).toBe('Bearer of-the-client')

    clock.now += 301_000
    await person.request('/api/orders')
    expect(seen.at(-1)?.headers.get('authorization')).toMatch(/^Bearer access-\d+$/)
    expect(seen.at(-1)?.headers.get('authorization')).not.toBe(first)
    expect(JSON.stringify(events)).not.toMatch(/access-|refresh-/)

    provider.answers.set('/token', () => new Response('', { status: 503 }))
    clock.now += 301_000
    const away = await person.request('/api/orders', { headers: fetchHeaders })
    expect(away.status).toBe(503)
    expect((await person.request('/orders')).status).toBe(200)

    provider.answers.clear()
    provider.revokeGrants()
    clock.now += 6000
    const before = seen.length
    const gone = await person.request('/api/orders')
    expect([gone.status, gone.headers.get('location')]).toEqual([
      303,
      '/.portcullis/login?provider=acme&return_to=%2Fapi%2Forders',
    ])
    expect((await person.request('/api/orders', { headers: fetchHeaders })).status).toBe(401)
    expect(seen.length).toBe(before)
    await person.signIn(gone.headers.get('location') ?? '')
    expect((await person.request('/api/orders')).status).toBe(200)
  })

  test('106: a role that was taken away counts at the next request after revalidate', async () => {
    const { browser, provider, clock } = await createGatewaySite({ login: { revalidate: 300 } })
    provider.claims = { groups: ['admins'] }
    const person = browser()
    await person.signIn()
    expect((await person.request('/admin/users')).status).toBe(200)
    provider.claims = { groups: [] }
    clock.now += 301_000
    expect((await person.request('/admin/users')).status).toBe(403)
    provider.revokeGrants()
    clock.now += 301_000
    expect((await person.request('/orders')).status).toBe(303)
  })

  test('114: security headers and the page’s own policy are on every page of the login', async () => {
    const { browser } = await createGatewaySite()
    for (const path of ['login', 'callback/acme', 'logout', 'logged-out']) {
      const response = await browser().request(`${base}/${path}`)
      expect([path, response.headers.get('cache-control')]).toEqual([path, 'no-store'])
      expect(response.headers.get('referrer-policy')).toBe('no-referrer')
      expect(response.headers.get('strict-transport-security')).toContain('max-age=')
      if (response.status === 303) continue
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style/)
    }
  })

  test('115: other hosts are 421, other spellings 404, other methods 405', async () => {
    const { gateway } = await createGatewaySite({ gateway: { hosts: ['www.app.example'] } })
    const ask = (url: string, init: RequestInit = {}): Promise<Response> =>
      gateway.fetch(new Request(url, { headers: navigation, ...init }))
    expect((await ask(`https://other.example${base}/login`)).status).toBe(421)
    expect((await ask(`https://www.app.example${base}/login`)).status).toBe(421)
    for (const path of ['Login', 'login/', 'callback/other', 'callback', 'callback/acme/x']) {
      expect([path, (await ask(`${origin}${base}/${path}`)).status]).toEqual([path, 404])
    }
    const posted = await ask(`${origin}${base}/login`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET'])
  })

  test('in maintenance the login is closed, and a logout of the provider still counts', async () => {
    const { browser, provider, gateway } = await createGatewaySite({
      gateway: { maintenance: true },
    })
    expect((await browser().request(`${base}/login`)).status).toBe(503)
    const body = new URLSearchParams({ logout_token: await provider.logoutToken({ sid: 'sid-1' }) })
    const response = await gateway.fetch(
      new Request(`${origin}${base}/backchannel-logout/acme`, { method: 'POST', body }),
    )
    expect(response.status).toBe(200)
  })

  test.each<[string, GatewaySiteOptions, string]>([
    [
      'beside signIn',
      { gateway: { signIn: '/' } },
      'signIn cannot be combined with login, which has a sign-in page',
    ],
    [
      'without a session',
      { gateway: { session: undefined as never } },
      'login needs the option session of the gateway',
    ],
    ['with a base', { login: { base: '/auth' } as never }, 'login.base must be left out'],
    [
      'of another kind',
      { gateway: { login: {} as never } },
      'login must be gatewayLogin({ ... }) of portcullis/login',
    ],
    [
      'and a token for a public route',
      {
        gateway: { routes: [{ path: '/*', to: 'app', access: 'public', token: true }] },
      },
      'routes.0.token needs an access rule that requires a session',
    ],
    [
      'and a token that nobody keeps',
      { login: { tokens: undefined as never } },
      'routes.4.token needs the option tokens of the login',
    ],
    [
      'and a provider with a fault',
      { provider: { issuer: 'http://id.example' } },
      'login.providers.acme.issuer must be an https URL',
    ],
  ])('a login %s is a fault', async (_, options, message) => {
    await expect(createGatewaySite(options)).rejects.toThrow(message)
  })

  test('a token without a login is a fault, and so is a login that is used as a middleware', () => {
    expect(() =>
      createGateway({
        publicOrigin: origin,
        upstreams: { app: { url: 'http://upstream.test:8080' } },
        routes: [{ path: '/*', to: 'app', access: 'public', token: true }],
      }),
    ).toThrow('routes.0.token needs the option login of the gateway')
    const providers = { acme: { issuer: 'https://i.example', clientId: 'c' } }
    expect(() => login({ providers } as never)).toThrow(
      'login.session is required in a Hono app; in a gateway or vercel() use gatewayLogin({ ... })',
    )
  })
})
