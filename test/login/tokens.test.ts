import { describe, expect, test } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import { login, memoryTokens } from '../../src/login/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { noon, secret } from '../session/support.ts'
import { askAll, count, createIsolates, signIn } from './isolates.ts'
import type { TestProvider } from './provider.ts'
import { createSite, type Site, sharedKey, waitFor } from './support.ts'

describe('the tokens of a login', () => {
  test('98: 45 requests in three isolates make one refresh and get one token', async () => {
    const isolates = await createIsolates(3)
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    const answers = await askAll(isolates, person, 15)
    expect(answers).toHaveLength(45)
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(isolates.provider.refreshes).toEqual({ served: 1, refused: 0 })
    // The new refresh token was kept: the next refresh works, too.
    isolates.clock.now += 301_000
    const [next] = await askAll(isolates, person, 1)
    expect(next?.status).toBe(200)
    expect(next?.text).not.toBe(answers[0]?.text)
    expect(isolates.provider.refreshes).toEqual({ served: 2, refused: 0 })
  })

  test('99: a provider that takes three seconds is asked once, and all are served', async () => {
    const isolates = await createIsolates(1)
    const { provider, clock, asked } = isolates
    const person = await signIn(isolates)
    clock.now += 301_000
    let release: () => void = () => {}
    const isHeld = new Promise<void>((done) => {
      release = done
    })
    const usual = provider.tokens
    provider.tokens = async (tokens) => {
      await isHeld
      return usual(tokens)
    }
    const before = asked.length
    const answers = askAll(isolates, person, 12)
    // Every other request has looked at the row at least twice, over three seconds.
    await waitFor(() => asked.length - before > 24)
    clock.now += 3000
    await waitFor(() => asked.length - before > 48)
    release()
    expect((await answers).map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(provider.refreshes).toEqual({ served: 1, refused: 0 })
  })

  test('100: ahead of the end one request refreshes, and the others use what still works', async () => {
    const isolates = await createIsolates(1)
    const { provider, clock } = isolates
    const person = await signIn(isolates)
    const old = (await askAll(isolates, person, 1))[0]?.text
    clock.now += 275_000
    let release: () => void = () => {}
    const isHeld = new Promise<void>((done) => {
      release = done
    })
    provider.tokens = async (tokens) => {
      await isHeld
      return tokens
    }
    const leader = askAll(isolates, person, 1)
    await waitFor(() => provider.refreshes.served === 1)
    const others = await askAll(isolates, person, 8)
    expect(new Set(others.map(({ text }) => text))).toEqual(new Set([old]))
    release()
    expect((await leader)[0]?.text).not.toBe(old)
    expect(provider.refreshes.served).toBe(1)
  })

  test('100: a token of twenty seconds is not refreshed with every request', async () => {
    const isolates = await createIsolates(1)
    isolates.provider.accessLife = 20
    const person = await signIn(isolates)
    for (let at = 0; at < 14; at++) {
      isolates.clock.now += 1000
      await askAll(isolates, person, 1)
    }
    expect(isolates.provider.refreshes.served).toBe(0)
    isolates.clock.now += 1500
    await askAll(isolates, person, 1)
    expect(isolates.provider.refreshes.served).toBe(1)
  })

  test.each([
    ['is down', () => Promise.reject(new TypeError('fetch failed')), 'provider-unreachable'],
    ['answers 500', async () => new Response('', { status: 500 }), 'provider-unreachable'],
    [
      'refuses our secret',
      async () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      'client-refused',
    ],
  ])(
    '101: while the provider %s the old token is used, then 503, and nobody is signed out',
    async (_, answer, reason) => {
      const isolates = await createIsolates(1)
      const { provider, clock, sites } = isolates
      const person = await signIn(isolates)
      const [{ text: old } = { text: '' }] = await askAll(isolates, person, 1)
      provider.answers.set('/token', answer as () => Promise<Response>)
      clock.now += 280_000
      const answers = await askAll(isolates, person, 5)
      expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([old]))
      const asks = (): number => count(provider.asked, 'POST /token')
      // One request in five seconds asks.
      expect(asks()).toBe(2)
      clock.now += 21_000
      expect((await askAll(isolates, person, 5)).map(({ status }) => status)).toEqual(
        Array(5).fill(503),
      )
      expect(asks()).toBe(3)
      expect(sites[0]?.events).toContainEqual(
        expect.objectContaining({ type: 'tokens-unavailable', reason, subject: 'acme' }),
      )
      expect((await person.who())?.user).toBe('acme|ada')
      provider.answers.clear()
      clock.now += 5000
      expect((await askAll(isolates, person, 1))[0]?.status).toBe(200)
    },
  )

  test('102: a refused grant drops the tokens for all; the session stays, and its person signs in again', async () => {
    const isolates = await createIsolates(2)
    const person = await signIn(isolates)
    isolates.provider.revokeGrants()
    isolates.clock.now += 301_000
    const answers = await askAll(isolates, person, 6)
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(401))
    expect(isolates.provider.refreshes).toEqual({ served: 0, refused: 1 })
    expect(isolates.held.size).toBe(0)
    const events = isolates.sites.flatMap(({ events }) => events)
    expect(events.filter(({ type }) => type === 'tokens-gone')).toEqual([
      { type: 'tokens-gone', reason: 'grant-refused', subject: 'acme' },
    ])
    expect((await person.who())?.user).toBe('acme|ada')
    await person.signIn()
    expect((await person.request('/token')).status).toBe(200)
  })

  test('103: an isolate that ends with the new tokens in hand costs the tokens, and not the session', async () => {
    const lost = new Promise<boolean>(() => {})
    const isolates = await createIsolates(1, {}, { replace: () => lost })
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    void askAll(isolates, person, 1)
    await waitFor(() => count(isolates.asked, 'replace') === 1)
    // The lease ends, and the next request presents the refresh token that was used up.
    isolates.clock.now += 11_000
    expect((await askAll(isolates, person, 1))[0]?.status).toBe(401)
    expect(isolates.provider.refreshes).toEqual({ served: 1, refused: 1 })
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('103: keys that cannot be had after the refresh do not lose the refresh token that it brought', async () => {
    const isolates = await createIsolates(2)
    const person = await signIn(isolates)
    const { provider, clock, sites } = isolates
    provider.answers.set('/jwks', () => new Response('', { status: 503 }))
    clock.now += 301_000
    const request = (): Request =>
      new Request('https://app.example/token', { headers: { cookie: person.cookieHeader } })
    // The second isolate has not read the keys yet.
    expect((await sites[1]?.app.request(request()))?.status).toBe(503)
    provider.answers.clear()
    clock.now += 31_000
    expect((await sites[1]?.app.request(request()))?.status).toBe(200)
    expect(provider.refreshes).toEqual({ served: 2, refused: 0 })
  })

  test('103: a client that leaves does not end the refresh: the work is given to waitUntil', async () => {
    const isolates = await createIsolates(1)
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    const work: Promise<unknown>[] = []
    const context = {
      waitUntil: (one: Promise<unknown>) => void work.push(one),
      passThroughOnException: () => {},
      props: {},
    }
    const request = new Request('https://app.example/token', {
      headers: { cookie: person.cookieHeader },
    })
    const [site] = isolates.sites
    void site?.app.request(request, {}, {}, context as never)
    await waitFor(() => work.length === 1)
    await Promise.all(work)
    // The new refresh token, then everything.
    expect(count(isolates.asked, 'replace')).toBe(2)
  })

  test('104: a refreshed id token of another person drops the tokens', async () => {
    const isolates = await createIsolates(1)
    const person = await signIn(isolates)
    isolates.provider.claims = { sub: 'mallory' }
    isolates.clock.now += 301_000
    expect((await askAll(isolates, person, 1))[0]?.status).toBe(401)
    expect(isolates.sites[0]?.events.at(-1)).toMatchObject({
      type: 'tokens-gone',
      reason: 'subject-changed',
    })
    expect(isolates.held.size).toBe(0)
  })

  test.each([
    ['by another key', async () => ({ key: await sharedKey('ES256', 'forged') })],
    ['for another client', async () => ({ claims: { aud: 'other' } })],
    ['of another issuer', async () => ({ claims: { iss: 'https://other.example' } })],
  ])('104: a refreshed id token %s is not taken', async (_, change) => {
    const isolates = await createIsolates(1)
    const person = await signIn(isolates)
    const { key, claims } = (await change()) as {
      key?: TestProvider['key']
      claims?: Record<string, unknown>
    }
    isolates.provider.keys = [isolates.provider.key.jwk]
    if (key !== undefined) isolates.provider.key = { ...key, kid: 'key-1' }
    if (claims !== undefined) isolates.provider.claims = claims
    isolates.clock.now += 301_000
    expect((await askAll(isolates, person, 1))[0]?.status).toBe(503)
  })

  test('107: tokens are sealed, a row of another session does not open, and no key names a session', async () => {
    const isolates = await createIsolates(1)
    // Long names: three letters stand in a sealed text of this length by chance, once in a hundred runs.
    isolates.provider.claims = { sub: 'user-ada-lovelace', sid: 'sid-1' }
    const ada = await signIn(isolates)
    isolates.provider.claims = { sub: 'user-bob-builder', sid: 'sid-2' }
    const bob = await signIn(isolates)
    const text = JSON.stringify([...isolates.held])
    for (const word of ['access-', 'refresh-', 'ada-lovelace', 'bob-builder', 'acme'])
      expect(text).not.toContain(word)
    const who = await ada.who()
    const row = (who?.login as { tokens?: string } | undefined)?.tokens ?? ''
    expect(row).toMatch(/^[\w-]{32}$/)
    expect(text).not.toContain(row)

    // A writer of the store swaps the two rows.
    const [[first, mine], [second, other]] = [...isolates.held] as [
      [string, string],
      [string, string],
    ]
    const times = { refreshAt: noon + 200_000, refreshedAt: noon, life: 1_000_000 }
    await isolates.rows.put(first, { sealed: other, ...times }, undefined)
    await isolates.rows.put(second, { sealed: mine, ...times }, undefined)
    expect((await ada.request('/token')).status).toBe(401)
    expect((await bob.request('/token')).status).toBe(401)
  })

  test('108: a new login and a logout drop the old row', async () => {
    const isolates = await createIsolates(1)
    const person = await signIn(isolates)
    const [first] = isolates.held.keys()
    await person.signIn()
    expect(isolates.held.size).toBe(1)
    expect(isolates.held.has(first ?? '')).toBe(false)
    await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(isolates.held.size).toBe(0)
  })

  test('86: logout revokes the refresh token and hands the kept id token to the provider', async () => {
    const isolates = await createIsolates(1)
    const { provider } = isolates
    const person = await signIn(isolates)
    expect([...person.cookies.keys()].filter((name) => name.includes('hint'))).toEqual([])
    const page = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(provider.revoked).toEqual([expect.stringMatching(/^refresh-\d+$/)])
    const next = /href="([^"]+)"/.exec(await page.text())?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(new URL(next).searchParams.get('id_token_hint')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    expect(new URL(next).searchParams.get('logout_hint')).toBeNull()
  })

  test.each([
    ['fails', async () => new Response('', { status: 500 })],
    ['is not there', async () => new Response('', { status: 404 })],
  ])('86: a revocation that %s changes nothing', async (_, answer) => {
    const isolates = await createIsolates(1)
    isolates.provider.answers.set('/revoke', answer)
    const person = await signIn(isolates)
    const page = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('https://id.example/end?')
    expect(await person.who()).toBeNull()
    expect(isolates.sites[0]?.events.at(-1)).toMatchObject({ type: 'tokens-unavailable' })
  })

  test('86: without a revocation endpoint nothing is sent', async () => {
    const isolates = await createIsolates(1)
    isolates.provider.metadata = { revocation_endpoint: undefined }
    const person = await signIn(isolates)
    const before = isolates.provider.asked.length
    await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(isolates.provider.asked.slice(before)).toEqual([])
    expect(isolates.sites[0]?.events.at(-1)?.type).toBe('logout')
  })

  test('a store of tokens that is away is 503 at the callback, and nothing is started', async () => {
    const isolates = await createIsolates(
      1,
      {},
      {
        put: () => Promise.reject(new PortcullisError('ERR_STORE_UNAVAILABLE', 'away')),
      },
    )
    const person = (isolates.sites[0] as Site).browser()
    expect((await person.signIn()).status).toBe(503)
    expect(await person.who()).toBeNull()
  })

  test('a store of tokens that is away keeps nobody from signing out', async () => {
    const isolates = await createIsolates(
      1,
      {},
      {
        drop: () => Promise.reject(new PortcullisError('ERR_STORE_UNAVAILABLE', 'away')),
      },
    )
    const person = await signIn(isolates)
    const page = await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(page.status).toBe(200)
    expect(await person.who()).toBeNull()
  })

  test('a provider without refresh tokens: the access token serves to its end, then the person signs in again', async () => {
    const isolates = await createIsolates(1)
    isolates.provider.issuesRefreshTokens = false
    const person = await signIn(isolates)
    isolates.clock.now += 290_000
    expect(await (await person.request('/token')).text()).toBe('access')
    isolates.clock.now += 11_000
    expect((await person.request('/token')).status).toBe(401)
    expect(isolates.provider.asked.filter((one) => one === 'POST /token')).toHaveLength(1)
  })

  test('a token is refused without a login, and without the option tokens', async () => {
    const isolates = await createIsolates(1)
    expect((await (isolates.sites[0] as Site).browser().request('/token')).status).toBe(401)
    const plain = await createSite()
    expect((await plain.browser().request('/token')).status).toBe(503)
  })

  test('tokens need stored sessions, and revalidate needs tokens', () => {
    const session = statelessSessions({ secret })
    const providers = { acme: { issuer: 'https://id.example', clientId: 'c', clientSecret: 's' } }
    expect(() => login({ session, providers, tokens: memoryTokens() })).toThrow(
      'login.tokens needs storedSessions: tabs would overwrite tokens that are in a cookie',
    )
    expect(() => login({ session, providers, revalidate: 300 })).toThrow(
      'login.revalidate needs the option tokens of the login',
    )
    expect(() => login({ session, providers, tokens: {} as never })).toThrow(
      'login.tokens must be the result of redisTokens(), memoryTokens() or keepTokens()',
    )
  })
})

describe('revalidate', () => {
  const roles = {
    identify: ({
      user,
      roles,
    }: {
      user: string
      roles: (claim: string, map: object) => string[]
    }) => ({
      user,
      roles: roles('groups', { admin: 'admins' }),
    }),
    revalidate: 300,
  }

  test('106: a role that was taken away is gone for all requests of the next round, by one refresh', async () => {
    const isolates = await createIsolates(2, { login: roles as never })
    isolates.provider.claims = { groups: ['admins'] }
    const person = await signIn(isolates)
    expect((await person.who())?.roles).toEqual(['admin'])
    isolates.provider.claims = { groups: [] }
    isolates.clock.now += 299_000
    expect((await person.who())?.roles).toEqual(['admin'])
    expect(isolates.provider.refreshes.served).toBe(0)
    isolates.clock.now += 2000
    const answers = await askAll(isolates, person, 10, '/who')
    const seen = answers.map(({ text }) => (JSON.parse(text) as { roles: string[] }).roles)
    expect(seen).toEqual(Array(20).fill([]))
    expect(isolates.provider.refreshes).toEqual({ served: 1, refused: 0 })
    // The next answer is as old as this refresh.
    isolates.clock.now += 299_000
    await person.who()
    expect(isolates.provider.refreshes.served).toBe(1)
  })

  test.each([
    ['identify admits no longer', ['not-admitted']],
    ['the provider has revoked', ['grant-refused', 'row-gone']],
  ])('106: a person whom %s is signed out, by every request', async (title, reasons) => {
    const isolates = await createIsolates(2, {
      login: {
        identify: ({ user, claims }) =>
          claims.closed === true ? undefined : { user, roles: [] as string[] },
        revalidate: 300,
      },
    })
    const person = await signIn(isolates)
    if (title.startsWith('identify')) isolates.provider.claims = { closed: true }
    else isolates.provider.revokeGrants()
    isolates.clock.now += 301_000
    const answers = await askAll(isolates, person, 5, '/who')
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['null']))
    expect(await person.who()).toBeNull()
    const events = isolates.sites.flatMap(({ events }) => events)
    const revoked = events.filter(({ type }) => type === 'login-revoked')
    expect(revoked.length).toBeGreaterThan(0)
    for (const { reason } of revoked) expect(reasons).toContain(reason)
  })

  test('106: while the provider is away its last word holds, and nobody is signed out', async () => {
    const isolates = await createIsolates(1, { login: roles as never })
    isolates.provider.claims = { groups: ['admins'] }
    const person = await signIn(isolates)
    isolates.provider.answers.set('/token', () => new Response('', { status: 503 }))
    for (const seconds of [301, 400, 3000]) {
      isolates.clock.now += seconds * 1000
      expect((await person.who())?.roles).toEqual(['admin'])
    }
  })

  test('106: an identify that fails keeps the new tokens and the last word', async () => {
    let isBroken = false
    const isolates = await createIsolates(1, {
      login: {
        identify: ({ user }) => {
          if (isBroken) throw new Error('no database')
          return { user, roles: ['admin'] }
        },
        revalidate: 300,
      },
    })
    const person = await signIn(isolates)
    isBroken = true
    isolates.clock.now += 301_000
    expect((await person.who())?.roles).toEqual(['admin'])
    expect(isolates.provider.refreshes).toEqual({ served: 1, refused: 0 })
    expect(isolates.sites[0]?.events.at(-1)).toMatchObject({
      type: 'tokens-unavailable',
      reason: 'identify',
    })
    isBroken = false
    isolates.clock.now += 6000
    await person.who()
    expect(isolates.provider.refreshes).toEqual({ served: 2, refused: 0 })
  })

  test('106: what identify leaves out is removed, and what the application wrote stays', async () => {
    const isolates = await createIsolates(1, {
      login: {
        identify: ({ user, claims }) => ({
          user,
          roles: [],
          ...(claims.boss === true && { email: 'boss' }),
        }),
        revalidate: 300,
      },
    })
    isolates.provider.claims = { boss: true }
    const [site] = isolates.sites
    site?.app.get('/cart', async (c) => {
      const session = c.get('session') as unknown as {
        update(change: (data: object) => object): Promise<object>
      }
      await session.update((data) => ({ ...data, cart: 3 }))
      return c.text('')
    })
    const person = await signIn(isolates)
    expect((await person.who())?.email).toBe('boss')
    await person.request('/cart')
    isolates.provider.claims = { boss: false }
    isolates.clock.now += 301_000
    const who = await person.who()
    expect(who).not.toHaveProperty('email')
    expect(who).toMatchObject({ user: 'acme|ada', cart: 3 })
  })
})
