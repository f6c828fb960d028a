/** Attacks on a login that its acceptance list does not name, each with what the attacker sends. */
import { describe, expect, test } from 'vitest'
import { memoryTokens } from '../../src/login/index.ts'
import { createSite, navigation, origin } from './support.ts'

const loginPath = '/.portcullis/login'
const encode = encodeURIComponent

describe('demands of the provider’s options', () => {
  // A stolen password without the second factor: the attacker asks for a weaker login in the address.
  test('acr of the address adds to acr of the options, and replaces none of it', async () => {
    const site = await createSite({ provider: { acr: ['mfa', 'phr'] } })
    site.provider.claims = { acr: 'pwd' }
    expect((await site.browser().signIn(`${loginPath}?acr=pwd`)).status).toBe(403)
    expect((await site.browser().signIn(`${loginPath}?acr=pwd%20mfa`)).status).toBe(403)
    site.provider.claims = { acr: 'mfa' }
    expect((await site.browser().signIn(`${loginPath}?acr=phr`)).status).toBe(403)
    expect((await site.browser().signIn(`${loginPath}?acr=phr%20mfa`)).status).toBe(303)
    const asked = new URL(await site.browser().begin(`${loginPath}?acr=phr%20pwd`)).searchParams
    expect(asked.get('acr_values')).toBe('phr')
  })

  test('prompt of the address does not replace prompt of the options', async () => {
    const { browser } = await createSite({ provider: { prompt: 'login' } })
    for (const prompt of ['none', 'consent', 'select_account']) {
      const asked = new URL(await browser().begin(`${loginPath}?prompt=${prompt}`)).searchParams
      expect(asked.get('prompt')).toBe('login')
    }
  })

  test('max_age of the address can only be shorter than maxAge of the options', async () => {
    const { browser } = await createSite({ provider: { maxAge: 300 } })
    for (const [given, sent] of [
      ['99999999', '300'],
      ['60', '60'],
    ]) {
      const asked = new URL(await browser().begin(`${loginPath}?max_age=${given}`)).searchParams
      expect(asked.get('max_age')).toBe(sent)
    }
  })
})

describe('cookies of attempts', () => {
  // Twenty pop-ups of another site: <a target=_blank href="https://app.example/.portcullis/login?return_to=/aaaa...">
  test('twenty attempts with long pages leave at most 5 kB of cookies, and the newest finishes', async () => {
    const { browser, provider, clock } = await createSite()
    const person = browser()
    let location = ''
    for (let count = 0; count < 20; count++) {
      clock.now += 1000
      location = await person.begin(`${loginPath}?return_to=${encode(`/${'a'.repeat(2000)}`)}`)
    }
    expect(person.cookieHeader.length).toBeLessThanOrEqual(5200)
    const done = await person.request(provider.authorize(location))
    expect([done.status, done.headers.get('location')?.length]).toEqual([303, 2001])
  })

  test('one long page beside short ones lets only as many go as it needs room for', async () => {
    const { browser, clock } = await createSite()
    const person = browser()
    for (let count = 0; count < 4; count++) {
      clock.now += 1000
      await person.begin(`${loginPath}?return_to=/short`)
    }
    await person.begin(`${loginPath}?return_to=${encode(`/${'a'.repeat(2000)}`)}`)
    expect(person.attempts).toHaveLength(5)
  })

  // A link on another site: every quote takes two characters in the sealed JSON.
  test('a page that is too long for a cookie leads home, and is no error', async () => {
    const { browser } = await createSite()
    const done = await browser().signIn(`${loginPath}?return_to=${encode(`/?${'"'.repeat(2040)}`)}`)
    expect([done.status, done.headers.get('location')]).toEqual([303, '/'])
  })
})

describe('open redirects', () => {
  test.each([
    '\\\\evil.example',
    '/\\/evil.example',
    '///evil.example',
    '/%2f/evil.example',
    '/%09/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/;@evil.example',
    'HTTPS://evil.example',
    'https://app.example@evil.example/',
    'https://app.example.evil.example/',
    'https://app.example//evil.example',
    'https://app.example/\\evil.example',
    'https://app.example/%5cevil.example',
    '/%0d%0aSet-Cookie:x=1',
    '/a?x=\r\nset-cookie:a=b',
    '/\u2028/evil.example',
  ])('%j as return_to or target_link_uri leads home', async (target) => {
    for (const parameter of ['return_to', 'target_link_uri']) {
      const { browser } = await createSite()
      const done = await browser().signIn(`${loginPath}?${parameter}=${encode(target)}`)
      expect([done.status, done.headers.get('location')]).toEqual([303, '/'])
    }
  })
})

describe('answers of a provider that are none', () => {
  test.each([
    ['a page', 'text/html', '<h1>Maintenance</h1>', 503, 'provider-unreachable'],
    ['a page that says it is JSON', 'application/json', '<h1>', 400, 'id-token-bad'],
    ['ten megabytes', 'application/json', `"${'a'.repeat(10_000_000)}"`, 502, 'provider-malformed'],
  ])('200 with %s signs nobody in', async (_, type, body, status, reason) => {
    const { browser, provider, events } = await createSite()
    provider.answers.set('/token', () => new Response(body, { headers: { 'content-type': type } }))
    const response = await browser().signIn()
    expect([response.status, events.at(-1)?.reason]).toEqual([status, reason])
    expect(response.headers.getSetCookie().join()).not.toContain('__Host-session=')
  })

  test.each(['', 'code=', 'id_token=x', 'response=x'])(
    'an answer with %j in place of a code is refused, and asks nobody',
    async (query) => {
      const { browser, provider, events } = await createSite()
      const person = browser()
      const url = new URL(provider.authorize(await person.begin()))
      url.searchParams.delete('code')
      expect((await person.request(`${url.href}&${query}`)).status).toBe(400)
      expect(events.at(-1)).toMatchObject({ type: 'login-failed', reason: 'response-malformed' })
      expect(provider.asked).not.toContain('POST /token')
    },
  )

  test('a post with thousands of parameters makes no address of that length', async () => {
    const { app } = await createSite()
    const response = await app.request(`${origin}/.portcullis/callback/acme`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'state=a&'.repeat(8000),
    })
    expect(response.headers.get('location')).toBe('/.portcullis/callback/acme?state=a&state=a')
  })

  test('an access token of 200 kB is kept and handed out', async () => {
    const { browser, provider } = await createSite({ login: { tokens: memoryTokens() } })
    const token = 'a'.repeat(200_000)
    provider.tokens = (tokens) => ({ ...tokens, access_token: token })
    const person = browser()
    expect((await person.signIn()).status).toBe(303)
    const response = await person.request('/token')
    expect([response.status, (await response.text()).length]).toEqual([200, token.length])
  })
})

describe('messages of a logout', () => {
  async function createSignedIn() {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    const lives: number[] = []
    const { endMarked } = site.store
    Object.assign(site.store, {
      endMarked: (...values: Parameters<NonNullable<typeof endMarked>>) => {
        lives.push(values[1].once?.life ?? 0)
        return endMarked?.(...values)
      },
    })
    const send = async (claims: Record<string, unknown>, header?: Record<string, unknown>) =>
      site.app.request(`${origin}/.portcullis/backchannel-logout/acme`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          logout_token: await site.provider.logoutToken({ sid: 'sid-1', ...claims }, header),
        }),
      })
    return { ...site, person, lives, send }
  }

  // RFC 7519 section 2: a NumericDate may have a fraction. Redis takes whole milliseconds.
  test.each([
    ['has a fraction', (seconds: number) => seconds + 120.000_123],
    ['lies beyond every calendar', () => 1e300],
  ])('an end that %s is remembered for whole milliseconds, and not for ever', async (_, end) => {
    const { send, person, lives, provider } = await createSignedIn()
    expect((await send({ exp: end(provider.seconds) })).status).toBe(200)
    expect(lives).toHaveLength(1)
    expect(Number.isInteger(lives[0])).toBe(true)
    expect(lives[0]).toBeLessThanOrEqual(1_920_000)
    expect(await person.who()).toBeNull()
  })

  test('one is remembered for as long as it is accepted: a copy ends no later login', async () => {
    const { send, person, clock, provider } = await createSignedIn()
    const { seconds } = provider
    const claims = { jti: 'one', sid: undefined, sub: 'ada', iat: seconds, exp: seconds + 100_000 }
    expect((await send(claims)).status).toBe(200)
    expect(await person.who()).toBeNull()
    await person.signIn()
    // Ten minutes, and the tolerance of two clocks.
    for (const elapsed of [1000, 659_000, 1000]) {
      clock.now += elapsed
      expect((await send(claims)).status).toBe(400)
    }
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test.each([
    ['of another type', {}, { typ: 'at+jwt' }],
    ['of eleven minutes ago', { iat: Date.UTC(2026, 10, 20, 12) / 1000 - 661 }, undefined],
    ['with a nonce of null', { nonce: null }, undefined],
    ['for another client beside this one', { aud: ['client', 'other'] }, undefined],
  ])('one %s ends nothing', async (_, claims, header) => {
    const { send, person } = await createSignedIn()
    expect((await send(claims, header)).status).toBe(400)
    expect((await person.who())?.user).toBe('acme|ada')
  })
})

test('demands of other shapes than the protocol’s are left out beside a page that comes twice', async () => {
  const { app } = await createSite()
  const path = `${loginPath}?return_to=/a&return_to=//evil.example&acr=%00&max_age=-1&login_hint=%0d`
  const response = await app.request(`${origin}${path}`, { headers: navigation })
  const asked = new URL(response.headers.get('location') ?? '').searchParams
  for (const name of ['acr_values', 'max_age', 'login_hint']) expect(asked.has(name)).toBe(false)
})
