import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { revocable } from '../../src/session/index.ts'
import { limitRequests } from '../../src/stack/index.ts'
import { type AtomicStore, memoryRevocations, memoryStore } from '../../src/store/index.ts'
import { hours } from '../session/support.ts'
import { createKey, type Json, signToken } from './provider.ts'
import { Browser, createSite, origin, type Site, type SiteOptions } from './support.ts'

const post = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } }

describe('logout', () => {
  test('80: a GET shows a button and ends nothing; a POST of another site is 403', async () => {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    const page = await person.request('/.portcullis/logout')
    expect(await page.text()).toContain(
      '<form method="post" action="/.portcullis/logout"><button>Sign out</button></form>',
    )
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      expect(
        (await person.request('/.portcullis/logout', { method: 'POST', headers })).status,
      ).toBe(403)
    }
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('81, 82: a POST ends the session here, and goes on to the provider over a page of ours', async () => {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    const response = await person.request('/.portcullis/logout', post)
    expect(response.status).toBe(200)
    expect(response.headers.get('clear-site-data')).toBe('"cache", "storage"')
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self'")
    const text = await response.text()
    const target = /href="([^"]+)"/.exec(text)?.[1]?.replaceAll('&#38;', '&') ?? ''
    const url = new URL(target)
    expect(`${url.origin}${url.pathname}`).toBe(`${site.provider.issuer}/end`)
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      client_id: 'client',
      post_logout_redirect_uri: `${origin}/.portcullis/logged-out`,
    })
    expect(url.searchParams.get('id_token_hint')?.split('.').length).toBe(3)
    expect(await person.who()).toBeNull()
    expect([...person.cookies.keys()]).toEqual([])
    expect((await person.request('/.portcullis/logged-out')).status).toBe(200)
  })

  test('83: a copy of the cookie opens nothing', async () => {
    const site = await createSite()
    const person = site.browser()
    await person.signIn()
    const cookie = person.cookieHeader
    await person.request('/.portcullis/logout', post)
    expect(await (await site.browser().request('/who', { cookie })).json()).toBeNull()
  })

  test('84: a provider that is down leaves nobody signed in here', async () => {
    const first = await createSite()
    const person = first.browser()
    await person.signIn()
    const second = await createSite({ at: first.provider, store: first.store })
    first.provider.answers.set(
      '/.well-known/openid-configuration',
      () => new Response('no', { status: 500 }),
    )
    const there = second.browser()
    for (const [name, value] of person.cookies) there.cookies.set(name, value)
    const response = await there.request('/.portcullis/logout', post)
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/.portcullis/logged-out',
    ])
    expect(await there.who()).toBeNull()
    expect(second.events.map(({ type }) => type)).toContain('logout-local-only')
  })

  test('85: a store that is down expires the cookie and says 503', async () => {
    const store = memoryStore()
    let isDown = false
    const failing: AtomicStore = {
      ...store,
      end: (...args) => (isDown ? Promise.reject(new Error('down')) : store.end(...args)),
    }
    const site = await createSite({ store: failing })
    const person = site.browser()
    await person.signIn()
    isDown = true
    const response = await person.request('/.portcullis/logout', post)
    expect(response.status).toBe(503)
    expect(person.cookies.has('__Host-session')).toBe(false)
  })

  test('87: without a page at the provider, or with logout: local, it ends on our page', async () => {
    const bare = await createSite()
    bare.provider.metadata = { end_session_endpoint: undefined }
    const local = await createSite({ login: { logout: 'local', afterLogout: '/bye' } })
    for (const [site, target] of [
      [bare, '/.portcullis/logged-out'],
      [local, '/bye'],
    ] as const) {
      const person = site.browser()
      await person.signIn()
      const response = await person.request('/.portcullis/logout', post)
      expect([response.status, response.headers.get('location')]).toEqual([303, target])
      expect(await person.who()).toBeNull()
    }
  })

  test('87: somebody who is not signed in, or signed in otherwise, is signed out here', async () => {
    const site = await createSite()
    const person = site.browser()
    const response = await person.request('/.portcullis/logout', post)
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/.portcullis/logged-out',
    ])
  })

  test('88: hints are sent to the logout page only, three at most, and none over 9 KB', async () => {
    for (const [claimBytes, cookies] of [
      [100, 1],
      [4000, 2],
      [16_000, 0],
    ] as const) {
      const site = await createSite()
      site.provider.claims = { padding: 'x'.repeat(claimBytes) }
      const person = site.browser()
      const done = await person.signIn()
      const lines = done.headers
        .getSetCookie()
        .filter((line) => line.startsWith('__Secure-login-hint'))
      const kept = lines.filter((line) => !line.includes('Max-Age=0'))
      expect([claimBytes, kept.length]).toEqual([claimBytes, cookies])
      for (const line of lines) expect(line).toContain('Path=/.portcullis/logout;')
      const text = await (await person.request('/.portcullis/logout', post)).text()
      expect(text.includes('id_token_hint')).toBe(cookies > 0)
      expect(text.includes('logout_hint')).toBe(cookies === 0)
    }
  })
})

/** Bytes of a response's headers, as HTTP/1.1 sends them. */
function countBytes(response: Response): number {
  let bytes = 0
  for (const [name, value] of response.headers) bytes += name.length + value.length + 4
  return bytes
}

const sixteenKilobytes = 16_384
/** What is left for the cookies of the application, and for the other headers of a browser. */
const room = 2000

// Pop-ups of another site begin logins with long pages, in the browser of somebody whose id token is
// large: <a target=_blank href="https://app.example/.portcullis/login?return_to=/aaaa...">
describe.each([
  ['stored', {}, 3500],
  ['in its cookie', { padding: 'x'.repeat(2450) }, 1500],
] as const)('a session %s', (place, data, mostBytes) => {
  test.each([500, 1500, 2500, 3500, 4500, 6000, 9000])(
    '88: beside an id token of %i bytes of claims and logins under way, can be ended',
    async (bytes) => {
      const site = await createSite({
        kind: place === 'stored' ? 'stored' : 'stateless',
        login: { identify: ({ user }) => ({ user, roles: [], ...data }) as never },
      })
      site.provider.claims = { padding: 'x'.repeat(bytes) }
      const guarded = new Hono()
        .use(limitRequests())
        .all('*', (c) => site.app.fetch(c.req.raw, c.env))
      const person = new Browser(guarded, site.provider)
      const done = await person.signIn()
      expect([done.status, countBytes(done) < sixteenKilobytes - room]).toEqual([303, true])

      for (let count = 0; count < 20; count++) {
        site.clock.now += 1000
        const page = `/${'a'.repeat(650)}`
        // The login page does not receive the cookies of the hint, whose path is that of the logout.
        const cookie = person.cookieHeader.replace(/__Secure-login-hint-\d=[^;]*(?:; )?/g, '')
        const begun = await person.request(`/.portcullis/login?return_to=${page}`, { cookie })
        expect(begun.status).toBe(303)
      }
      const cookieBytes = person.cookieHeader.length
      const response = await person.request('/.portcullis/logout', post)
      expect([cookieBytes < sixteenKilobytes - room, response.status]).toEqual([true, 200])
      expect(countBytes(response)).toBeLessThan(sixteenKilobytes - room)
      const target = await response.text()
      expect(target.includes('id_token_hint')).toBe(bytes <= mostBytes)
      expect(await person.who()).toBeNull()
    },
  )
})

/** A logout token at our address, as providers post it: no cookie, no browser. */
async function send(
  site: Site,
  token: string,
  type = 'application/x-www-form-urlencoded',
): Promise<Response> {
  return site.app.request(`${origin}/.portcullis/backchannel-logout/acme`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })
}

async function signedIn(site: Site, claims: Json = {}): Promise<Browser> {
  site.provider.claims = claims
  const person = site.browser()
  await person.signIn()
  return person
}

const revocableSessions = (): SiteOptions => ({
  kind: 'stateless',
  sessions: { revocation: revocable({ store: memoryRevocations() }) },
})

describe.each([
  ['stored', (): SiteOptions => ({})],
  ['stateless with a revocation', revocableSessions],
])('back-channel logout of %s sessions', (_, options) => {
  test('89: a good token ends its session at the next request, and nobody else’s', async () => {
    const site = await createSite(options())
    const [mine, other] = [await signedIn(site), await signedIn(site, { sub: 'bob', sid: 'sid-2' })]
    const response = await send(site, await site.provider.logoutToken({ sid: 'sid-1' }))
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(await mine.who()).toBeNull()
    expect((await other.who())?.user).toBe('acme|bob')
    expect(site.events.at(-1)).toEqual({
      type: 'backchannel-logout',
      reason: 'sid',
      subject: 'acme',
    })
  })

  test('91: a replay is 400 and does not end a later login', async () => {
    const site = await createSite(options())
    const token = await site.provider.logoutToken({ sub: 'ada' })
    expect((await send(site, token)).status).toBe(200)
    const later = await signedIn(site)
    expect((await send(site, token)).status).toBe(400)
    expect((await later.who())?.user).toBe('acme|ada')
  })

  test('92: a login that finishes after its own logout is none', async () => {
    const site = await createSite(options())
    const person = site.browser()
    const callback = site.provider.authorize(await person.begin())
    await send(site, await site.provider.logoutToken({ sid: 'sid-1' }))
    await person.request(callback)
    expect(await person.who()).toBeNull()
  })

  test('97: a write that is under way when its session is ended writes nothing', async () => {
    const site = await createSite(options())
    let isRead: () => void = () => {}
    const reading = new Promise<void>((done) => {
      isRead = done
    })
    let goOn: () => void = () => {}
    const held = new Promise<void>((done) => {
      goOn = done
    })
    site.app.get('/slow', async (c) => {
      const session = c.get('session') as unknown as {
        get(): Promise<object | undefined>
        set(name: string, value: unknown): void
      }
      await session.get()
      isRead()
      await held
      session.set('roles', ['admin'])
      return c.text('')
    })
    const person = await signedIn(site)
    const slow = person.request('/slow')
    await reading
    expect((await send(site, await site.provider.logoutToken({ sid: 'sid-1' }))).status).toBe(200)
    goOn()
    await slow
    expect(await person.who()).toBeNull()
  })

  test('93: sub alone ends all of that person, sid alone that one', async () => {
    const site = await createSite(options())
    const people = [
      await signedIn(site),
      await signedIn(site, { sid: 'sid-2' }),
      await signedIn(site, { sub: 'bob', sid: 'sid-3' }),
    ]
    await send(site, await site.provider.logoutToken({ sid: 'sid-2' }))
    expect(await Promise.all(people.map(async (one) => (await one.who()) !== null))).toEqual([
      true,
      false,
      true,
    ])
    await send(site, await site.provider.logoutToken({ sub: 'ada' }))
    expect(await Promise.all(people.map(async (one) => (await one.who()) !== null))).toEqual([
      false,
      false,
      true,
    ])
  })

  test('95: a store that is away is 503, and the same token works afterwards', async () => {
    const revocations = memoryRevocations()
    const store = memoryStore()
    let isDown = false
    const orFail =
      <Args extends unknown[], T>(verb: ((...args: Args) => Promise<T>) | undefined) =>
      (...args: Args): Promise<T> =>
        isDown || verb === undefined
          ? Promise.reject(
              Object.assign(new Error('down'), {
                name: 'PortcullisError',
                code: 'ERR_STORE_UNAVAILABLE',
              }),
            )
          : verb(...args)
    const made = options()
    const site = await createSite(
      made.kind === 'stateless'
        ? {
            kind: 'stateless',
            sessions: {
              revocation: revocable({
                store: { ...revocations, endMarked: orFail(revocations.endMarked) },
              }),
            },
          }
        : { store: { ...store, endMarked: orFail(store.endMarked) } },
    )
    const person = await signedIn(site)
    const token = await site.provider.logoutToken({ sid: 'sid-1' })
    isDown = true
    expect((await send(site, token)).status).toBe(503)
    isDown = false
    expect((await person.who())?.user).toBe('acme|ada')
    expect((await send(site, token)).status).toBe(200)
    expect(await person.who()).toBeNull()
  })
})

describe('a logout whose answer from the store was lost', () => {
  // The client of the store sends the same call again: the provider must not read that its token came twice.
  test.each(['stored', 'stateless'] as const)('is 200 with %s sessions, once', async (kind) => {
    const resending = <S extends Pick<AtomicStore, 'endMarked'>>(store: S): S => ({
      ...store,
      async endMarked(...args: Parameters<NonNullable<AtomicStore['endMarked']>>) {
        await store.endMarked?.(...args)
        return (await store.endMarked?.(...args)) ?? false
      },
    })
    const site = await createSite(
      kind === 'stateless'
        ? { kind, sessions: { revocation: revocable({ store: resending(memoryRevocations()) }) } }
        : { store: resending(memoryStore()) },
    )
    const person = await signedIn(site)
    const token = await site.provider.logoutToken({ sid: 'sid-1' })
    expect((await send(site, token)).status).toBe(200)
    expect(await person.who()).toBeNull()
    expect((await send(site, token)).status).toBe(400)
  })
})

describe('logout tokens', () => {
  test('90: bad ones are 400, never cached, and end nothing', async () => {
    const site = await createSite()
    const person = await signedIn(site)
    const now = site.provider.seconds
    const event = 'http://schemas.openid.net/event/backchannel-logout'
    const changes: Json[] = [
      { iss: 'https://evil.example' },
      { iss: undefined },
      { aud: 'other' },
      { aud: undefined },
      { aud: ['client', 'other'] },
      { azp: 'other' },
      { iat: now - 700 },
      { iat: now + 90 },
      { iat: undefined },
      { iat: undefined, exp: undefined },
      { exp: now - 90 },
      { exp: 'text' },
      { events: undefined },
      { events: {} },
      { events: { [event]: true } },
      { events: { [event]: null } },
      { events: { [event]: [] } },
      { events: [event] },
      { events: event },
      { nonce: 'n' },
      { jti: undefined },
      { jti: '' },
      { jti: 7 },
      { jti: 'j'.repeat(300) },
      { sid: undefined },
      { sid: 7 },
      { sid: '' },
      { sub: 7 },
    ]
    for (const change of changes) {
      const response = await send(
        site,
        await site.provider.logoutToken({ sid: 'sid-1', ...change }),
      )
      expect([change, response.status, response.headers.get('cache-control')]).toEqual([
        change,
        400,
        'no-store',
      ])
    }

    const good = {
      sid: 'sid-1',
      iss: site.provider.issuer,
      aud: 'client',
      iat: now,
      exp: now + 60,
      jti: 'j',
      events: { [event]: {} },
    }
    const other = await createKey('ES256', 'key-1')
    const tokens = [
      await site.provider.logoutToken({ sid: 'sid-1' }, { typ: 'at+jwt' }),
      await site.provider.logoutToken({ sid: 'sid-1' }, { typ: 'dpop+jwt' }),
      await signToken(other, good),
      'no token',
      '',
    ]
    for (const token of tokens) expect((await send(site, token)).status).toBe(400)
    expect(
      (await send(site, await site.provider.logoutToken({ sid: 'sid-1' }), 'application/json'))
        .status,
    ).toBe(400)
    const twice = await site.app.request(`${origin}/.portcullis/backchannel-logout/acme`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `logout_token=${tokens[0]}&logout_token=${tokens[0]}`,
    })
    expect(twice.status).toBe(400)
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('94: without exp but fresh, with typ JWT or none, and with a charset, it is taken', async () => {
    const cases: [Json, Json, string][] = [
      [
        { exp: undefined },
        { typ: 'logout+jwt' },
        'application/x-www-form-urlencoded; charset=UTF-8',
      ],
      [{}, { typ: 'JWT' }, 'application/x-www-form-urlencoded'],
      [{}, { typ: undefined }, 'Application/X-WWW-Form-Urlencoded'],
    ]
    for (const [claims, header, type] of cases) {
      const site = await createSite()
      const person = await signedIn(site)
      const token = await site.provider.logoutToken({ sid: 'sid-1', ...claims }, header)
      expect((await send(site, token, type)).status).toBe(200)
      expect(await person.who()).toBeNull()
    }
  })

  test('90: where the type is required, a token without it is 400', async () => {
    const site = await createSite({ provider: { logoutTokenType: 'required' } })
    expect(
      (await send(site, await site.provider.logoutToken({ sid: 's' }, { typ: 'JWT' }))).status,
    ).toBe(400)
    expect((await send(site, await site.provider.logoutToken({ sid: 's' }))).status).toBe(200)
  })

  test('96: stateless sessions without a revocation have no such address, and asking for it is a fault', async () => {
    const site = await createSite({ kind: 'stateless' })
    expect((await send(site, await site.provider.logoutToken({ sid: 'sid-1' }))).status).toBe(404)
    await expect(createSite({ kind: 'stateless', login: { backchannel: true } })).rejects.toThrow(
      'login.backchannel needs storedSessions, or statelessSessions with the option revocation',
    )
  })

  test('93: sub alone needs sessions that know their users by the provider’s name', async () => {
    const site = await createSite({ sessions: { user: (data: { email?: string }) => data.email } })
    const person = await signedIn(site)
    const response = await send(site, await site.provider.logoutToken({ sub: 'ada' }))
    expect(response.status).toBe(400)
    expect(site.events.at(-1)).toMatchObject({
      type: 'backchannel-logout-refused',
      reason: 'user-unknown',
    })
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('a mark lasts for as long as a session can live', async () => {
    const site = await createSite()
    await send(site, await site.provider.logoutToken({ sid: 'sid-1' }))
    site.clock.now += 7 * hours
    expect(await (await signedIn(site)).who()).toBeNull()
  })
})
