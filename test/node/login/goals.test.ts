/**
 * The goals of a login, measured over a real Redis and three isolates that share nothing else. Prints the table of
 * docs/decisions/0009-login-protocol.md: `npx vitest run --project node test/node/login/goals.test.ts`. Those of a gateway,
 * of sizes and of what other proxies are blamed for are in goals-of-a-gateway.test.ts.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { redisTokens } from '../../../src/login/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { type Json, TestProvider } from '../../login/provider.ts'
import {
  type Browser,
  createSite,
  origin,
  type Site,
  type SiteOptions,
  sharedKey,
} from '../../login/support.ts'
import { noon } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { noteGoal, printGoals } from './goals-table.ts'

describe.skipIf(noRedis)('goals of a login', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(async () => {
    await server.stop()
    printGoals()
  })
  beforeEach(() => server.flush())

  interface Isolates {
    readonly sites: readonly [Site, Site, Site]
    readonly provider: TestProvider
    readonly clock: { now: number }
  }

  async function createIsolates(
    options: SiteOptions & { keepsTokens?: boolean } = {},
  ): Promise<Isolates> {
    const { keepsTokens = false, ...own } = options
    const clock = { now: noon }
    const provider = new TestProvider(await sharedKey(), clock)
    provider.issuesRefreshTokens = keepsTokens
    const create = (): Promise<Site> => {
      const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
      return createSite({
        at: provider,
        store: upstashStore({ redis: client }),
        ...own,
        login: { ...(keepsTokens && { tokens: redisTokens({ redis: client }) }), ...own.login },
      })
    }
    return { sites: [await create(), await create(), await create()], provider, clock }
  }

  async function signIn(site: Site): Promise<Browser> {
    const person = site.browser()
    expect((await person.signIn()).status).toBe(303)
    return person
  }

  /** The same browser at another isolate. */
  async function ask(site: Site, person: Browser, path: string): Promise<Response> {
    return site.browser().request(path, { cookie: person.cookieHeader })
  }

  async function askAll({ sites }: Isolates, person: Browser, each: number, path: string) {
    const requests = sites.flatMap((site) =>
      Array.from({ length: each }, () => ask(site, person, path)),
    )
    return Promise.all(requests)
  }

  async function sendLogout(site: Site, claims: Json): Promise<Response> {
    return site.app.request(`${origin}/.portcullis/backchannel-logout/acme`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: await site.provider.logoutToken(claims) }),
    })
  }

  test('goal 1: four logins of one browser at the same time end on their pages', async () => {
    const { sites, provider } = await createIsolates()
    const person = sites[0].browser()
    const pages = ['/a', '/b', '/c', '/d']
    const begun = await Promise.all(
      pages.map((page) => person.begin(`/.portcullis/login?return_to=${page}`)),
    )
    const ends = await Promise.all(
      begun.toReversed().map((location) => person.request(provider.authorize(location))),
    )
    const locations = ends.map((response) => response.headers.get('location'))
    noteGoal(1, 'parallel logins of one browser that end on their page, of 4', 4, locations.length)
    expect(locations.toSorted()).toEqual(pages)
  })

  test('goal 2: a hundred attempts leave at most 2,000 bytes of cookies', async () => {
    const { sites, clock } = await createIsolates()
    const person = sites[0].browser()
    for (let count = 0; count < 100; count++) {
      clock.now += 1000
      await person.begin('/.portcullis/login?return_to=/orders')
    }
    const bytes = person.cookieHeader.length
    noteGoal(2, 'bytes of attempt cookies after 100 attempts', '≤ 2,000', bytes)
    expect(person.attempts).toHaveLength(5)
    expect(bytes).toBeLessThanOrEqual(2000)
  })

  test('goal 3: 45 requests in three isolates make one refresh', async () => {
    const isolates = await createIsolates({ keepsTokens: true })
    const person = await signIn(isolates.sites[0])
    isolates.clock.now += 301_000
    const answers = await askAll(isolates, person, 15, '/token')
    const { served, refused } = isolates.provider.refreshes
    const good = answers.filter(({ status }) => status === 200).length
    noteGoal(
      3,
      'refreshes for 45 requests in 3 isolates; refused; served',
      '1; 0; 45',
      `${served}; ${refused}; ${good}`,
    )
    expect([served, refused, good]).toEqual([1, 0, 45])
  })

  test('goal 4: a provider that takes three seconds is asked once and serves twelve requests', async () => {
    const isolates = await createIsolates({ keepsTokens: true })
    const person = await signIn(isolates.sites[0])
    isolates.clock.now += 301_000
    isolates.provider.tokens = async (tokens) => {
      await new Promise((done) => setTimeout(done, 3000))
      return tokens
    }
    const answers = await askAll(isolates, person, 4, '/token')
    const good = answers.filter(({ status }) => status === 200).length
    const { served } = isolates.provider.refreshes
    noteGoal(
      4,
      'the same with a provider of 3 s: requests served, of 12; refreshes',
      '12; 1',
      `${good}; ${served}`,
    )
    expect([good, served]).toEqual([12, 1])
  })

  test('goal 5: an outage of the provider or of the store loses no session', async () => {
    const isolates = await createIsolates({ keepsTokens: true, login: { revalidate: 300 } })
    const { sites, provider, clock } = isolates
    const people = await Promise.all(Array.from({ length: 10 }, () => signIn(sites[0])))
    const isSignedIn = async (person: Browser): Promise<boolean> =>
      (await (await ask(sites[1], person, '/who')).text()) !== 'null'
    const countLost = async (): Promise<number> =>
      (await Promise.all(people.map(isSignedIn))).filter((signedIn) => !signedIn).length

    for (const path of ['/token', '/jwks', '/.well-known/openid-configuration']) {
      provider.answers.set(path, () => Promise.reject(new TypeError('fetch failed')))
    }
    clock.now += 301_000
    const duringProvider = await countLost()
    provider.answers.clear()
    clock.now += 31_000

    server.control.fault({ kind: 'error-json' }, { times: 1000 })
    const statuses = await Promise.all(
      people.map(async (person) => {
        const response = await ask(sites[2], person, '/who')
        return [response.status, response.headers.getSetCookie().length]
      }),
    )
    server.control.reset()
    expect(new Set(statuses.map(String))).toEqual(new Set(['503,0']))
    // The breaker of the client asks again a moment later.
    await expect
      .poll(async () => (await ask(sites[2], people[0] as Browser, '/who')).status)
      .toBe(200)
    const afterwards = await countLost()
    noteGoal(
      5,
      'sessions lost, of 10: while the provider is away; after Redis was',
      '0; 0',
      `${duringProvider}; ${afterwards}`,
    )
    expect([duringProvider, afterwards]).toEqual([0, 0])
  })

  test('goal 6, 7: a logout by the provider holds at the next request everywhere, with no further request to Redis', async () => {
    const isolates = await createIsolates()
    const { sites } = isolates
    const [person, other] = [await signIn(sites[0]), sites[0].browser()]
    sites[0].provider.claims = { sub: 'bob', sid: 'sid-2' }
    await other.signIn()
    for (const site of sites) await ask(site, person, '/who')

    const before = server.control.requests
    await ask(sites[1], person, '/who')
    const perPage = server.control.requests - before
    expect((await sendLogout(sites[0], { sid: 'sid-1' })).status).toBe(200)
    const after = server.control.requests
    const answers = await Promise.all(
      sites.map(async (site) => (await ask(site, person, '/who')).text()),
    )
    const perPageAfterwards = (server.control.requests - after) / 3
    const stillOpen = answers.filter((text) => text !== 'null').length
    noteGoal(
      6,
      'isolates of 3 where a session is open after its logout by the provider',
      0,
      stillOpen,
    )
    noteGoal(
      7,
      'Redis requests of a signed-in page with back channel on; after a logout',
      '1; 1',
      `${perPage}; ${perPageAfterwards}`,
    )
    expect([stillOpen, perPage, perPageAfterwards]).toEqual([0, 1, 1])
    expect(await (await ask(sites[2], other, '/who')).text()).toContain('bob')
  })

  test('goal 9, 18: a warm login asks the provider once; sixty people at a cold isolate ask for metadata once', async () => {
    const { sites, provider } = await createIsolates()
    const people = Array.from({ length: 60 }, () => sites[0].browser())
    const locations = await Promise.all(people.map((person) => person.begin()))
    const metadata = provider.asked.filter((line) => line.includes('well-known')).length
    await Promise.all(
      people.map((person, index) => person.request(provider.authorize(locations[index] ?? ''))),
    )
    const keys = provider.asked.filter((line) => line === 'GET /jwks').length
    noteGoal(
      18,
      'cold start, 60 people: requests for metadata; for keys',
      '1; 1',
      `${metadata}; ${keys}`,
    )
    const before = provider.asked.length
    await signIn(sites[0])
    const perLogin = provider.asked.length - before
    noteGoal(9, 'provider requests per warm login', 1, perLogin)
    expect([metadata, keys, perLogin]).toEqual([1, 1, 1])
  })

  test('goal 10: a fetch, a prefetch and an image begin no attempt', async () => {
    const { sites } = await createIsolates()
    const kinds: Record<string, string>[] = [
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' },
      { 'sec-purpose': 'prefetch' },
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'image/*' },
      { 'sec-fetch-dest': 'iframe' },
    ]
    const answers = await Promise.all(
      kinds.map((headers) => sites[0].browser().request('/.portcullis/login', { headers })),
    )
    const begun = answers.filter(
      (response) => response.status === 303 || response.headers.getSetCookie().length > 0,
    ).length
    noteGoal(10, 'attempts begun by fetch, prefetch, image, iframe', 0, begun)
    expect(begun).toBe(0)
  })

  test('goal 11: an id token of 16 KB makes no session cookie above 300 bytes', async () => {
    const { sites, provider } = await createIsolates()
    provider.claims = {
      groups: Array.from({ length: 300 }, (_, index) => `group-${index}-${'x'.repeat(40)}`),
    }
    const done = await sites[0].browser().signIn()
    const [line = ''] = done.headers
      .getSetCookie()
      .filter((cookie) => cookie.includes('__Host-session='))
    const bytes = line.split(';', 1)[0]?.length ?? 0
    noteGoal(11, 'bytes of the session cookie, id token of 16 KB', '≤ 300', bytes)
    expect(bytes).toBeGreaterThan(50)
    expect(bytes).toBeLessThanOrEqual(300)
  })

  test('goal 12: a browser that keeps no session is told after three logins', async () => {
    const { sites, provider } = await createIsolates()
    const person = sites[0].browser()
    let logins = 0
    for (; logins < 10; logins++) {
      const begun = await person.request('/.portcullis/login?return_to=/page')
      if (begun.status !== 303) break
      await person.request(provider.authorize(begun.headers.get('location') ?? ''))
      person.cookies.delete('__Host-session')
    }
    noteGoal(12, 'logins until a loop is told to the person', 3, logins)
    expect(logins).toBe(3)
  })

  test('goal 16: a role that was taken away is gone for sixty requests by one refresh', async () => {
    const isolates = await createIsolates({
      keepsTokens: true,
      login: {
        identify: ({ user, roles }) => ({ user, roles: roles('groups', { admin: 'admins' }) }),
        revalidate: 300,
      },
    })
    isolates.provider.claims = { groups: ['admins'] }
    const person = await signIn(isolates.sites[0])
    isolates.provider.claims = { groups: [] }
    isolates.clock.now += 301_000
    const answers = await askAll(isolates, person, 20, '/who')
    const texts = await Promise.all(answers.map((response) => response.text()))
    const kept = texts.filter((text) => text.includes('admin')).length
    const { served } = isolates.provider.refreshes
    noteGoal(
      16,
      'requests of 60 that keep a role which was taken away; refreshes',
      '0; 1',
      `${kept}; ${served}`,
    )
    expect([kept, served]).toEqual([0, 1])
  })

  test('goal 17: twenty providers at the same time have a page to choose', async () => {
    const one = { issuer: 'https://id.example', clientId: 'client', clientSecret: 'a secret' }
    const names = Array.from({ length: 20 }, (_, index) => `provider-${index}`)
    const { sites } = await createIsolates({
      login: { providers: Object.fromEntries(names.map((name) => [name, one])) },
    })
    const text = await (await sites[0].browser().request('/.portcullis/login')).text()
    const listed = names.filter((name) => text.includes(`provider=${name}&`)).length
    noteGoal(17, 'providers at once, on one page to choose', 20, listed)
    expect(listed).toBe(20)
  })
})
