import { describe, expect, test } from 'vitest'
import { keyRing, sealer } from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'
import { otherSecret, secret } from '../session/support.ts'
import { type Browser, createSite, navigation, origin, type Site } from './support.ts'

/** Nobody is signed in, and the token endpoint was not asked. */
async function expectRefused(
  site: Site,
  person: Browser,
  response: Response,
  status = 400,
): Promise<void> {
  expect(response.status).toBe(status)
  expect(await person.who()).toBeNull()
  expect(site.provider.asked).not.toContain('POST /token')
}

describe('the answer of the provider', () => {
  test('19: another browser’s callback signs nobody in, and its code goes nowhere', async () => {
    const site = await createSite()
    const attacker = site.browser()
    const callback = site.provider.authorize(await attacker.begin())
    const victim = site.browser()
    await expectRefused(site, victim, await victim.request(callback))
  })

  test('20: two cookies of one attempt are none', async () => {
    const site = await createSite()
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin())
    const cookie = `${person.cookieHeader}; ${person.cookieHeader}`
    await expectRefused(site, person, await person.request(callback, { cookie }))
  })

  test('21: an attempt that was tampered with, or sealed by somebody else, is none', async () => {
    const site = await createSite()
    const ring = (text: string) => keyRing(text, createIssues())
    const options = { lifetime: 86_400, clock: () => site.clock.now } as const
    const others = [
      sealer(ring(otherSecret), { ...options, purpose: 'transaction', name: 'login' }),
      sealer(ring(secret), { ...options, purpose: 'session', name: 'login' }),
      sealer(ring(secret), { ...options, purpose: 'transaction', name: 'login-hint' }),
    ]
    for (let at = 0; at <= others.length; at++) {
      const person = site.browser()
      const callback = site.provider.authorize(await person.begin())
      const [name = ''] = person.attempts
      const sealed = person.cookies.get(name) ?? ''
      const state = new URL(callback).searchParams.get('state')
      const forged = await others[at]?.seal(
        JSON.stringify({ p: 'acme', s: state, n: 'n', v: 'v', r: '/', t: 1 }),
      )
      const changed = `${sealed.slice(0, -3)}${sealed.at(-3) === 'A' ? 'B' : 'A'}${sealed.slice(-2)}`
      person.cookies.set(name, forged ?? changed)
      await expectRefused(site, person, await person.request(callback))
    }
  })

  test('22: a state that is missing, unknown, too long or there twice is refused before anything is asked', async () => {
    const site = await createSite()
    for (const change of ['delete', 'unknown', 'long', 'twice', 'other'] as const) {
      const person = site.browser()
      const url = new URL(site.provider.authorize(await person.begin()))
      const state = url.searchParams.get('state') ?? ''
      if (change === 'delete') url.searchParams.delete('state')
      if (change === 'unknown') url.searchParams.set('state', `zzzzzz${'a'.repeat(32)}`)
      if (change === 'long') url.searchParams.set('state', state + 'a'.repeat(5000))
      if (change === 'twice') url.searchParams.append('state', state)
      // The same cookie, another secret part.
      if (change === 'other') url.searchParams.set('state', `${state.slice(0, -4)}AAAA`)
      await expectRefused(site, person, await person.request(url.href))
    }
  })

  test.each(['code', 'iss', 'error'])('23: %s twice is refused', async (name) => {
    const site = await createSite()
    const person = site.browser()
    const url = new URL(site.provider.authorize(await person.begin()))
    url.searchParams.append(name, 'x')
    url.searchParams.append(name, 'x')
    await expectRefused(site, person, await person.request(url.href))
  })

  test.each([
    ['of another', 'https://evil.example'],
    ['with a slash', 'https://id.example/'],
    ['missing though promised', undefined],
  ])('24: iss %s is refused', async (_, iss) => {
    const site = await createSite()
    const person = site.browser()
    const url = new URL(site.provider.authorize(await person.begin()))
    if (iss === undefined) url.searchParams.delete('iss')
    else url.searchParams.set('iss', iss)
    await expectRefused(site, person, await person.request(url.href))
  })

  test('24: iss is required where the option says so, and not where nobody promises it', async () => {
    for (const [issuerInResponse, status] of [
      ['promised', 303],
      ['required', 400],
    ] as const) {
      const site = await createSite({ provider: { issuerInResponse } })
      site.provider.metadata = { authorization_response_iss_parameter_supported: undefined }
      const person = site.browser()
      const url = new URL(site.provider.authorize(await person.begin()))
      url.searchParams.delete('iss')
      expect((await person.request(url.href)).status).toBe(status)
    }
  })

  test('25: a mix-up is refused at the other provider’s address and at the same one', async () => {
    const site = await createSite({
      login: {
        providers: {
          acme: { issuer: 'https://id.example', clientId: 'client', clientSecret: 's' },
          evil: { issuer: 'https://evil.example', clientId: 'client', clientSecret: 's' },
        },
      },
    })
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin('/.portcullis/login?provider=acme'))
    await expectRefused(
      site,
      person,
      await person.request(callback.replace('/callback/acme', '/callback/evil')),
    )

    const again = site.provider.authorize(await person.begin('/.portcullis/login?provider=acme'))
    const evil = again.replace(
      encodeURIComponent('https://id.example'),
      encodeURIComponent('https://evil.example'),
    )
    await expectRefused(site, person, await person.request(evil))
  })

  test('26: a code that was injected is refused by its nonce', async () => {
    const site = await createSite()
    const person = site.browser()
    site.provider.claims = { nonce: 'of-another-login' }
    const response = await person.signIn()
    expect([response.status, await person.who()]).toEqual([400, null])
    expect(site.events.at(-1)).toMatchObject({ type: 'login-failed', reason: 'id-token-nonce' })
  })

  test('27: a callback works once', async () => {
    const site = await createSite()
    const person = site.browser()
    const before = await person.begin()
    const cookie = person.cookieHeader
    const callback = site.provider.authorize(before)
    expect((await person.request(callback)).status).toBe(303)
    const thief = site.browser()
    // Even with the attempt's cookie: the provider redeems a code once.
    expect((await thief.request(callback, { cookie })).status).toBe(400)
  })

  test('28: a used callback goes on where somebody is signed in, and is a page with a link otherwise', async () => {
    const site = await createSite()
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin('/.portcullis/login?return_to=/a'))
    await person.request(callback)
    const again = await person.request(callback)
    expect([again.status, again.headers.get('location')]).toEqual([303, '/'])

    person.cookies.clear()
    const page = await person.request(callback)
    expect(page.status).toBe(400)
    expect(page.headers.get('location')).toBeNull()
    expect(await page.text()).toContain('href="/.portcullis/login?provider=acme"')
  })

  test('29: an old attempt restarts once, and goes to its page where somebody is signed in', async () => {
    const site = await createSite()
    const person = site.browser()
    const first = await person.begin('/.portcullis/login?return_to=/a')
    site.clock.now += 3_601_000
    const restarted = await person.request(site.provider.authorize(first))
    expect(restarted.status).toBe(303)
    const second = restarted.headers.get('location') ?? ''
    expect(second.startsWith(site.provider.issuer)).toBe(true)
    site.clock.now += 3_601_000
    expect((await person.request(site.provider.authorize(second))).status).toBe(400)

    const tab = await person.begin('/.portcullis/login?return_to=/b')
    site.clock.now += 3_601_000
    await person.signIn()
    const late = await person.request(site.provider.authorize(tab))
    expect(late.headers.get('location')).toBe('/b')
  })

  test('30: nothing of an error is shown, and the page allows no script', async () => {
    const site = await createSite()
    const person = site.browser()
    const url = new URL(site.provider.authorize(await person.begin()))
    url.searchParams.delete('code')
    url.searchParams.set('error', 'server_error<script>alert(1)</script>')
    url.searchParams.set('error_description', '<img src=x onerror=alert(2)>')
    const page = await person.request(url.href)
    const text = await page.text()
    expect(text).not.toMatch(/script|onerror|alert/)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test.each([
    ['access_denied', 403],
    ['unmet_authentication_requirements', 403],
    ['temporarily_unavailable', 503],
    ['server_error', 503],
    ['invalid_scope', 502],
  ])('30: error %s is %i, and the attempt is used up', async (error, status) => {
    const site = await createSite()
    const person = site.browser()
    const url = new URL(site.provider.authorize(await person.begin()))
    url.searchParams.delete('code')
    url.searchParams.set('error', error)
    await expectRefused(site, person, await person.request(url.href), status)
    expect(person.attempts).toEqual([])
  })

  test('118: a form_post from the provider goes on to a GET, which carries the attempt', async () => {
    const site = await createSite({ provider: { responseMode: 'form_post' } })
    const person = site.browser()
    const location = await person.begin('/.portcullis/login?return_to=/a')
    expect(new URL(location).searchParams.get('response_mode')).toBe('form_post')
    const answer = new URL(site.provider.authorize(location))
    answer.searchParams.set('user', '{"name":"unsigned"}')
    // A POST of another site: the browser sends no Lax cookie.
    const posted = await site.app.request(`${origin}${answer.pathname}`, {
      method: 'POST',
      headers: {
        ...navigation,
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'cross-site',
      },
      body: answer.searchParams.toString(),
    })
    expect(posted.status).toBe(303)
    const target = posted.headers.get('location') ?? ''
    expect(target).not.toContain('unsigned')
    expect((await person.request(target)).headers.get('location')).toBe('/a')
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('120: a flood of callbacks without attempts asks nobody', async () => {
    const site = await createSite()
    const person = site.browser()
    for (let at = 0; at < 100; at++) {
      const state = `${'0'.repeat(6)}${String(at).padStart(32, 'a')}`
      const response = await person.request(`/.portcullis/callback/acme?code=c&state=${state}`)
      expect(response.status).toBe(400)
    }
    expect(site.provider.asked).toEqual([])
  })
})
