/** Tokens in a real Redis, shared by isolates that share nothing else. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { redisTokens } from '../../../src/login/index.ts'
import { redis } from '../../../src/redis/index.ts'
import { upstashStore } from '../../../src/store/upstash.ts'
import { TestProvider } from '../../login/provider.ts'
import { type Browser, createSite, type Site, sharedKey } from '../../login/support.ts'
import { noon } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('tokens in Redis', () => {
  let server: TestRedis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())
  beforeEach(() => server.flush())

  async function createIsolates(count: number, revalidate?: number) {
    const clock = { now: noon }
    const provider = new TestProvider(await sharedKey(), clock)
    provider.issuesRefreshTokens = true
    const sites = await Promise.all(
      Array.from({ length: count }, () => {
        const client = redis({ url: server.url, token: server.token, timeoutMs: 10_000 })
        return createSite({
          at: provider,
          store: upstashStore({ redis: client }),
          login: {
            tokens: redisTokens({ redis: client }),
            identify: ({ user, roles }) => ({ user, roles: roles('groups', { admin: 'admins' }) }),
            ...(revalidate !== undefined && { revalidate }),
          },
        })
      }),
    )
    const person = (sites[0] as Site).browser()
    await person.signIn()
    return { sites, provider, clock, person }
  }

  async function askAll(sites: readonly Site[], person: Browser, each: number, path: string) {
    const cookie = person.cookieHeader
    return Promise.all(
      sites.flatMap((site) =>
        Array.from({ length: each }, async () => {
          const response = await site.browser().request(path, { cookie })
          return { status: response.status, text: await response.text() }
        }),
      ),
    )
  }

  test('98: 45 requests in three isolates make one refresh and get one token', async () => {
    const { sites, provider, clock, person } = await createIsolates(3)
    for (const round of [1, 2, 3]) {
      clock.now += 301_000
      const answers = await askAll(sites, person, 15, '/token')
      expect(answers.map(({ status }) => status)).toEqual(Array(45).fill(200))
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
      expect(provider.refreshes).toEqual({ served: round, refused: 0 })
    }
  })

  test('99: a provider that takes three seconds is asked once, and twelve requests are served', async () => {
    const { sites, provider, clock, person } = await createIsolates(3)
    clock.now += 301_000
    provider.tokens = async (tokens) => {
      await new Promise((done) => setTimeout(done, 3000))
      return tokens
    }
    const answers = await askAll(sites, person, 4, '/token')
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect(provider.refreshes).toEqual({ served: 1, refused: 0 })
  })

  test('106: a role is gone for twenty parallel requests by one refresh', async () => {
    const isolates = await createIsolates(2, 300)
    const { sites, provider, clock } = isolates
    provider.claims = { groups: ['admins'] }
    const person = (sites[0] as Site).browser()
    await person.signIn()
    expect((await person.who())?.roles).toEqual(['admin'])
    provider.claims = { groups: [] }
    clock.now += 301_000
    const answers = await askAll(sites, person, 10, '/who')
    expect(answers.map(({ text }) => JSON.parse(text).roles)).toEqual(Array(20).fill([]))
    expect(provider.refreshes).toEqual({ served: 1, refused: 0 })
  })

  test('102, 108: a refused grant and a logout leave no row behind', async () => {
    const { sites, provider, clock, person } = await createIsolates(2)
    const rows = async (): Promise<string[]> =>
      Object.keys(await server.raw.dump()).filter((key) => key.startsWith('portcullis:t:'))
    expect(await rows()).toHaveLength(1)
    await person.signIn()
    expect(await rows()).toHaveLength(1)
    provider.revokeGrants()
    clock.now += 301_000
    const answers = await askAll(sites, person, 6, '/token')
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(401))
    expect(provider.refreshes.refused).toBe(1)
    expect(await rows()).toEqual([])
    await person.signIn()
    await person.request('/.portcullis/logout', {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin' },
    })
    expect(await rows()).toEqual([])
  })

  test('107: a dump shows no token, no person, no provider and no name of a row; each row ends with its session', async () => {
    const { person } = await createIsolates(1)
    const dump = await server.raw.text()
    const who = await person.who()
    const row = (who?.login as { tokens?: string } | undefined)?.tokens ?? 'none'
    for (const word of ['access-', 'refresh-', 'acme', 'ada', row]) expect(dump).not.toContain(word)
    const held = Object.entries(await server.raw.dump())
    const [, tokens] = held.find(([key]) => key.startsWith('portcullis:t:')) ?? []
    expect(tokens?.ttl).toBeGreaterThan(8 * 3_600_000 - 60_000)
    expect(tokens?.ttl).toBeLessThanOrEqual(8 * 3_600_000)
  })

  test('101: a Redis that is away is 503 for a token, and nobody is signed out', async () => {
    const { person, clock } = await createIsolates(1)
    clock.now += 301_000
    const match = { script: 'login-tokens-take' }
    server.control.fault({ kind: 'error-json' }, { times: 10, match })
    expect((await person.request('/token')).status).toBe(503)
    server.control.reset()
    expect((await person.who())?.user).toBe('acme|ada')
    expect((await person.request('/token')).status).toBe(200)
  })

  test('103: a reply that is lost while the new tokens are stored loses nothing', async () => {
    const { person, clock, provider } = await createIsolates(1)
    await person.request('/token')
    for (const round of [1, 2]) {
      clock.now += 301_000
      const match = { script: 'login-tokens-replace' }
      server.control.fault({ kind: 'drop-after' }, { times: 1, match })
      expect((await person.request('/token')).status).toBe(200)
      expect(provider.refreshes).toEqual({ served: round, refused: 0 })
    }
  })

  test('a page with a token asks Redis twice, a page without one once', async () => {
    const { person } = await createIsolates(1)
    await person.request('/token')
    const before = server.control.requests
    await person.request('/token')
    expect(server.control.requests - before).toBe(2)
    await person.request('/who')
    expect(server.control.requests - before).toBe(3)
  })
})
