import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { assertionVerifier, vercel, verifySession } from '../../src/vercel/index.ts'
import { cookieOf, type Data, key, origin, otherKey, seenByProject, sessionsAt } from './support.ts'

let now = 1_800_000_000_000
const clock = (): number => now
const sessions = sessionsAt(clock)
const data: Data = { user: 'ada', roles: ['admin'] }

async function asserted(claims?: (data: Data) => object): Promise<Headers> {
  const proxy = vercel<Data>({
    publicOrigin: origin,
    session: sessions,
    user: ({ user }) => user,
    ...(claims && { claims }),
    assertion: { key },
    clock,
  })
  const client = new Headers({ cookie: await cookieOf(sessions, data) })
  const seen = seenByProject(
    client,
    await proxy(new Request(`${origin}/account`, { headers: client })),
  )
  return new Headers({ 'portcullis-assertion': seen.get('portcullis-assertion') ?? '' })
}

describe('verifySession', () => {
  it('finds who is signed in, wherever the cookies are', async () => {
    const cookie = await cookieOf(sessions, data)
    const [name = '', value = ''] = cookie.split('=')
    const cookies = { get: (asked: string) => (asked === name ? { value } : undefined) }
    const headers = new Headers({ cookie })
    for (const from of [cookie, { headers }, { cookies }, new Request(origin, { headers })]) {
      const who = await verifySession(sessions, from)
      expect(who?.data).toEqual(data)
      expect(who?.info.signedIn).toBe(true)
    }
  })

  it.each([null, '', 'a=1', '__Host-session=forged'])('finds nobody in %j', async (from) => {
    expect(await verifySession(sessions, from)).toBeUndefined()
  })

  it('finds nobody where the session is over', async () => {
    const cookie = await cookieOf(sessions, data)
    now += 9 * 3_600_000
    expect(await verifySession(sessions, cookie)).toBeUndefined()
  })
})

describe('assertionVerifier', () => {
  it('reads what the guard signed', async () => {
    const verify = assertionVerifier({ key, issuer: origin, clock })
    expect(await verify(await asserted())).toMatchObject({ user: 'ada', authenticatedAt: now })
    expect((await verify(await asserted(({ roles }) => ({ roles }))))?.claims).toEqual({
      roles: ['admin'],
    })
  })

  it('reads it by a published set, too', async () => {
    const proxy = vercel<Data>({
      publicOrigin: origin,
      session: sessions,
      assertion: { key },
      clock,
    })
    const jwks = await (await proxy(new Request(`${origin}/.portcullis/jwks.json`))).text()
    expect(
      await assertionVerifier({ jwks, issuer: origin, clock })(await asserted()),
    ).toMatchObject({ user: 'ada' })
  })

  it.each([
    ['another key', { key: otherKey, issuer: origin }],
    ['another issuer', { key, issuer: 'https://other.example.com' }],
    ['another audience', { key, issuer: origin, audience: 'shop' }],
  ])('finds nobody by %s', async (_what, options) => {
    expect(await assertionVerifier({ ...options, clock })(await asserted())).toBeUndefined()
  })

  it('finds nobody after 65 s', async () => {
    const headers = await asserted()
    const verify = assertionVerifier({ key, issuer: origin, clock })
    now += 64_000
    expect(await verify(headers)).toBeDefined()
    now += 2_000
    expect(await verify(headers)).toBeUndefined()
  })

  // Portcullis-Assertion: {"alg":"none"}.{"sub":"admin"}. and other words that nobody signed
  it.each([
    '',
    'x',
    'a.b.c',
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
    `eyJhbGciOiJIUzI1NiJ9.${'e'.repeat(9000)}.e`,
  ])('finds nobody in %j', async (jwt) => {
    const verify = assertionVerifier({ key, issuer: origin, clock })
    expect(await verify(new Headers({ 'portcullis-assertion': jwt }))).toBeUndefined()
  })

  it('finds nobody where a letter was changed', async () => {
    const jwt = (await asserted()).get('portcullis-assertion') ?? ''
    const verify = assertionVerifier({ key, issuer: origin, clock })
    for (let at = 5; at < jwt.length - 2; at += 37) {
      if (jwt[at] === '.') continue
      const changed = `${jwt.slice(0, at)}${jwt[at] === 'A' ? 'B' : 'A'}${jwt.slice(at + 1)}`
      expect(await verify(new Headers({ 'portcullis-assertion': changed }))).toBeUndefined()
    }
  })

  it('names every option that is wrong, and no value', async () => {
    const make = (options: object) => () =>
      assertionVerifier(options as Parameters<typeof assertionVerifier>[0])
    expect(make({ issuer: origin })).toThrow(ConfigError)
    expect(make({ key, jwks: '{}', issuer: 'app' })).toThrow(/key or jwks.*issuer must be/)
    expect(make({ jwks: 'not-for-logs', issuer: origin })).toThrow(
      /^(?!.*not-for-logs).*jwks must be/,
    )
    expect(make({ jwks: 'http://app.example.com/.portcullis/jwks.json', issuer: origin })).toThrow(
      /jwks must be/,
    )
    expect(
      make({ jwks: 'http://localhost:8787/.portcullis/jwks.json', issuer: origin }),
    ).not.toThrow()
    const late = assertionVerifier({ key: () => undefined, issuer: origin })
    await expect(late(new Headers({ 'portcullis-assertion': 'x' }))).rejects.toThrow(
      'assertionVerifier.key is not set',
    )
  })
})
