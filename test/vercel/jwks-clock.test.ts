import { afterEach, describe, expect, it } from 'vitest'
import { assertionVerifier, vercel } from '../../src/vercel/index.ts'
import { cookieOf, key, origin, otherKey, seenByProject, sessionsAt } from './support.ts'

const realFetch = globalThis.fetch
const realNow = Date.now
afterEach(() => {
  globalThis.fetch = realFetch
  Date.now = realNow
})

describe('assertionVerifier with the address of a set', () => {
  // jose keeps a set for ten minutes, and after a fetch looks for no new key for thirty seconds, by Date.now.
  it('L3: looks for a new key although the clock went back by an hour', async () => {
    let now = 1_800_000_000_000
    const clock = (): number => now
    Date.now = clock
    const sessions = sessionsAt(clock)
    const signed = async (by: string): Promise<Headers> => {
      const proxy = vercel({
        publicOrigin: origin,
        session: sessions,
        assertion: { key: by },
        clock,
      })
      const client = new Headers({ cookie: await cookieOf(sessions, { user: 'ada', roles: [] }) })
      const seen = seenByProject(
        client,
        await proxy(new Request(`${origin}/account`, { headers: client })),
      )
      return new Headers({ 'portcullis-assertion': seen.get('portcullis-assertion') ?? '' })
    }
    let published = key
    let fetched = 0
    globalThis.fetch = async () => {
      fetched++
      const proxy = vercel({
        publicOrigin: origin,
        session: sessions,
        assertion: { key: published },
        clock,
      })
      return proxy(new Request(`${origin}/.portcullis/jwks.json`))
    }
    const verify = assertionVerifier({
      jwks: 'https://keys.example.com/jwks.json',
      issuer: origin,
      clock,
    })
    expect(await verify(await signed(key))).toBeDefined()
    expect(await verify(await signed(key))).toBeDefined()
    expect(fetched).toBe(1)
    published = otherKey
    now -= 3_600_000
    expect(await verify(await signed(otherKey))).toBeDefined()
    expect(fetched).toBe(2)
  })
})
