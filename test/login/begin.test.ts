import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../../src/crypto/index.ts'
import { TestProvider } from './provider.ts'
import { createSite, navigation, origin, sharedKey } from './support.ts'

const query = (location: string): URLSearchParams => new URL(location).searchParams

describe('the way to the provider', () => {
  test('1: a login asks for a code with PKCE S256, a state of 128 bits or more, and a nonce', async () => {
    const { browser, provider } = await createSite()
    const location = await browser().begin()
    expect(location.startsWith(`${provider.issuer}/auth?`)).toBe(true)
    const asked = Object.fromEntries(query(location))
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: 'client',
      redirect_uri: `${origin}/.portcullis/callback/acme`,
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    })
    expect(asked.code_challenge).toMatch(/^[\w-]{43}$/)
    expect(asked.state).toMatch(/^[0-9a-z]{6}[\w-]{32}$/)
    expect(asked.nonce).toMatch(/^[\w-]{22}$/)
    expect(query(await browser().begin()).get('state')).not.toBe(asked.state)
  })

  test('1: a guard sends a navigation to the login, which sends it to the provider', async () => {
    const { browser } = await createSite()
    const person = browser()
    const refused = await person.request('/page')
    expect(refused.headers.get('location')).toBe('/.portcullis/login?return_to=%2Fpage')
  })

  test('2: the provider does not learn the page', async () => {
    const { browser } = await createSite()
    const location = await browser().begin('/.portcullis/login?return_to=/secret-page?q=1')
    expect(decodeURIComponent(location)).not.toContain('secret-page')
  })

  test.each([
    '//evil.example',
    '/\\evil.example',
    '/%5cevil.example',
    'https://evil.example/',
    'https:evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/a#b',
    '/../x',
  ])('3: return_to %s leads home', async (target) => {
    const { browser } = await createSite()
    const done = await browser().signIn(
      `/.portcullis/login?return_to=${encodeURIComponent(target)}`,
    )
    expect(done.headers.get('location')).toBe('/')
  })

  test('3: a canonical return_to keeps path and query', async () => {
    const { browser } = await createSite()
    const done = await browser().signIn('/.portcullis/login?return_to=%2Fa%2Fb%3Fq%3D1%26r%3D%252F')
    expect(done.headers.get('location')).toBe('/a/b?q=1&r=%2F')
  })

  test.each([
    ['4: a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }, 401],
    ['4: a fetch of an older browser', { 'sec-fetch-mode': null, accept: 'application/json' }, 401],
    ['5: a prefetch', { 'sec-purpose': 'prefetch' }, 204],
    ['5: a prerender', { 'sec-purpose': 'prefetch;prerender' }, 204],
    [
      '6: an image of another site',
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      401,
    ],
    ['6: an iframe of another site', { 'sec-fetch-dest': 'iframe' }, 401],
  ])('%s begins nothing', async (_, headers, status) => {
    const { app, provider } = await createSite()
    const sent = new Headers(navigation)
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) sent.delete(name)
      else sent.set(name, value)
    }
    const response = await app.request(`${origin}/.portcullis/login`, { headers: sent })
    expect(response.status).toBe(status)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(provider.asked).toEqual([])
  })

  test('8: four tabs at once all finish on their pages', async () => {
    const { browser, provider } = await createSite()
    const person = browser()
    const pages = ['/a', '/b', '/c', '/d']
    const begun: string[] = []
    for (const page of pages) begun.push(await person.begin(`/.portcullis/login?return_to=${page}`))
    for (const at of [2, 0, 3, 1]) {
      const done = await person.request(provider.authorize(begun[at] ?? ''))
      expect([done.status, done.headers.get('location')]).toEqual([303, pages[at]])
    }
    expect(person.attempts).toEqual([])
  })

  test('9: twelve attempts leave five cookies under 2 kB, and the newest live', async () => {
    const { browser, provider, clock } = await createSite()
    const person = browser()
    const begun: string[] = []
    for (let at = 0; at < 12; at++) {
      clock.now += 1000
      begun.push(await person.begin(`/.portcullis/login?return_to=/page-${at}`))
    }
    expect(person.attempts.length).toBe(5)
    const bytes = person.attempts.reduce(
      (sum, name) => sum + name.length + (person.cookies.get(name)?.length ?? 0) + 3,
      0,
    )
    expect(bytes).toBeLessThanOrEqual(2000)
    expect(
      (await person.request(provider.authorize(begun[11] ?? ''))).headers.get('location'),
    ).toBe('/page-11')
    const oldest = browser()
    expect((await oldest.request(provider.authorize(begun[0] ?? ''))).status).toBe(400)
  })

  test('10: several providers are a page to choose from, without script, with the way back', async () => {
    const { browser, provider } = await createSite({
      login: {
        providers: {
          acme: {
            issuer: 'https://id.example',
            clientId: 'client',
            clientSecret: 's',
            label: 'Acme <Ltd>',
          },
          other: { issuer: 'https://other.example', clientId: 'client', clientSecret: 's' },
        },
      },
    })
    const person = browser()
    const page = await person.request('/.portcullis/login?return_to=/a?b=1')
    const text = await page.text()
    expect(page.status).toBe(200)
    expect(text).toContain('href="/.portcullis/login?provider=acme&#38;return_to=%2Fa%3Fb%3D1"')
    expect(text).toContain('Acme &#60;Ltd&#62;')
    expect(text).toContain('provider=other')
    expect(text).not.toContain('<script')
    expect(person.attempts).toEqual([])

    const done = await person.signIn('/.portcullis/login?provider=acme&return_to=/a?b=1')
    expect(done.headers.get('location')).toBe('/a?b=1')
    // 11: one that is not configured is chosen again.
    expect((await person.request('/.portcullis/login?provider=nobody')).status).toBe(200)
    expect(provider.asked.filter((one) => one.includes('other'))).toEqual([])
  })

  test('11: a provider that is not configured is the only one where there is one', async () => {
    const { browser } = await createSite()
    expect(await browser().begin('/.portcullis/login?provider=nobody')).toContain(
      'client_id=client',
    )
  })

  test.each([
    ['prompt=evil', 'prompt'],
    ['max_age=-1', 'max_age'],
    ['max_age=1e3', 'max_age'],
    [`login_hint=${'a'.repeat(255)}`, 'login_hint'],
    ['login_hint=%00', 'login_hint'],
    ['acr=', 'acr_values'],
    ['acr=a%0Ab', 'acr_values'],
  ])('12: %s is left out', async (given, name) => {
    const { browser } = await createSite()
    expect(query(await browser().begin(`/.portcullis/login?${given}`)).has(name)).toBe(false)
  })

  test('12: prompt, max_age, login_hint and acr of the right shapes go along', async () => {
    const { browser } = await createSite()
    const asked = query(
      await browser().begin(
        '/.portcullis/login?prompt=login&max_age=60&login_hint=ada%40example.com&acr=phr%20mfa',
      ),
    )
    expect(Object.fromEntries(asked)).toMatchObject({
      prompt: 'login',
      max_age: '60',
      login_hint: 'ada@example.com',
      acr_values: 'phr mfa',
    })
  })

  test('13: a login that the provider asks for goes to it, and its target stays on this site', async () => {
    const { browser, provider } = await createSite()
    const person = browser()
    const iss = encodeURIComponent(provider.issuer)
    const own = encodeURIComponent(`${origin}/orders?x=1`)
    const done = await person.signIn(`/.portcullis/login?iss=${iss}&target_link_uri=${own}`)
    expect(done.headers.get('location')).toBe('/orders?x=1')
    const other = encodeURIComponent('https://evil.example/orders')
    const home = await person.signIn(`/.portcullis/login?iss=${iss}&target_link_uri=${other}`)
    expect(home.headers.get('location')).toBe('/')
  })

  test('14: fixed parameters go along and replace none of the protocol', async () => {
    const { browser } = await createSite({ provider: { params: { hd: 'acme.example' } } })
    expect(query(await browser().begin()).get('hd')).toBe('acme.example')
    for (const name of ['state', 'nonce', 'redirect_uri', 'code_challenge', 'prompt', 'claims']) {
      await expect(createSite({ provider: { params: { [name]: 'x' } } })).rejects.toThrow(
        `login.providers.acme.params.${name} must be left out: the login sets this parameter itself`,
      )
    }
  })

  test('15: where PAR is demanded the browser carries client_id and request_uri only', async () => {
    const { browser, provider } = await createSite()
    provider.metadata = {
      require_pushed_authorization_requests: true,
      pushed_authorization_request_endpoint: `${provider.issuer}/par`,
    }
    const person = browser()
    const location = await person.begin('/.portcullis/login?return_to=/a')
    expect([...query(location).keys()]).toEqual(['client_id', 'request_uri'])
    expect((await person.request(provider.authorize(location))).headers.get('location')).toBe('/a')
  })

  test.each([
    ['an outage', () => new Response('down', { status: 500 }), 503],
    ['a refusal', () => Response.json({ error: 'invalid_request' }, { status: 400 }), 502],
  ])('16: PAR that fails by %s leaves no attempt', async (_, answer, status) => {
    const { browser, provider } = await createSite({ provider: { par: true } })
    provider.metadata = { pushed_authorization_request_endpoint: `${provider.issuer}/par` }
    provider.answers.set('/par', answer)
    const person = browser()
    expect((await person.request('/.portcullis/login')).status).toBe(status)
    expect(person.attempts).toEqual([])
  })

  test('17: a provider that is down and was never asked is 503 with Retry-After and no cookie', async () => {
    const { browser, provider, events } = await createSite()
    provider.answers.set('/.well-known/openid-configuration', () => {
      throw new TypeError('fetch failed')
    })
    const response = await browser().request('/.portcullis/login')
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10'])
    expect(response.headers.getSetCookie()).toEqual([])
    expect(events).toEqual([
      { type: 'login-failed', reason: 'provider-unreachable', subject: 'acme' },
    ])
  })

  test('18: a provider that hangs is 503 within the deadline', async () => {
    const at = new TestProvider(await sharedKey(), { now: Date.UTC(2026, 10, 20, 12) })
    const hanging = (_: string, init: RequestInit): Promise<Response> =>
      new Promise((_done, reject) => {
        init.signal?.addEventListener('abort', () =>
          reject(new DOMException('aborted', 'AbortError')),
        )
      })
    const { browser } = await createSite({ at, login: { fetch: hanging, timeoutMs: 100 } })
    expect((await browser().request('/.portcullis/login')).status).toBe(503)
  })

  test.each(['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'])(
    '52: an https issuer whose %s is at this machine over http is asked for nothing there',
    async (endpoint) => {
      const { browser, provider, events } = await createSite({ provider: { userinfo: true } })
      provider.metadata = { [endpoint]: 'http://localhost:8080/taken' }
      expect((await browser().request('/.portcullis/login')).status).toBe(502)
      expect(provider.asked).toEqual(['GET /.well-known/openid-configuration'])
      expect(events.at(-1)).toMatchObject({ type: 'login-failed', reason: 'provider-malformed' })
    },
  )

  test('51: metadata that cannot be trusted begins no login', async () => {
    const issuer = 'https://id.example'
    const bad: Record<string, unknown>[] = [
      { issuer: 'https://evil.example' },
      { issuer: `${issuer}/` },
      { authorization_endpoint: 'javascript:alert(1)' },
      { token_endpoint: 'https://user:password@id.example/token' },
      { token_endpoint: 'http://id.example/token' },
      { token_endpoint: 'http://127.0.0.1/token' },
      { jwks_uri: undefined },
      { authorization_endpoint: undefined },
    ]
    for (const metadata of bad) {
      const { browser, provider } = await createSite()
      provider.metadata = metadata
      expect((await browser().request('/.portcullis/login')).status).toBe(502)
    }
    const answers = [
      () => new Response('no', { status: 404 }),
      () => new Response('<html>'),
      () => Response.json(['no object']),
      () => new Response(' '.repeat(300_000)),
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
    ]
    for (const answer of answers) {
      const { browser, provider } = await createSite()
      provider.answers.set('/.well-known/openid-configuration', answer)
      expect((await browser().request('/.portcullis/login')).status).toBe(502)
    }
  })

  test('55: sixty people at a cold isolate ask for metadata once', async () => {
    const { browser, provider } = await createSite()
    const fetch = provider.readMetadata()
    provider.answers.set('/.well-known/openid-configuration', async () => {
      await new Promise((done) => setTimeout(done, 20))
      return Response.json(fetch)
    })
    await Promise.all(Array.from({ length: 60 }, () => browser().begin()))
    expect(provider.asked).toEqual(['GET /.well-known/openid-configuration'])
  })

  test('the verifier is never in the address', async () => {
    const { browser, provider } = await createSite()
    const person = browser()
    const location = await person.begin()
    await person.request(provider.authorize(location))
    const verifier = provider.forms[0]?.get('code_verifier') ?? ''
    expect(location).not.toContain(verifier)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
    expect(query(location).get('code_challenge')).toBe(encodeBase64url(new Uint8Array(digest)))
  })
})
