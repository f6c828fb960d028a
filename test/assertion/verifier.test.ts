import { importJWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { assertionVerifier } from '../../src/assertion/index.ts'
import { newKey } from '../gateway/support.ts'

const issuer = 'https://app.example.com'
const now = Date.UTC(2026, 10, 30)
const claims = { sub: 'alice', sid: 'digest', auth_time: 1_700_000_000, ver: '7' }

let key: string
let jwks: string

beforeAll(async () => {
  key = await newKey({ kid: 'one' })
  const { d: _, ...publicKey } = JSON.parse(key) as Record<string, string>
  jwks = JSON.stringify({ keys: [{ ...publicKey, alg: 'ES256', use: 'sig' }] })
})

/** Signs with jose, which is no part of what is under test. */
async function sign(
  payload: object,
  { secret = key, audience = 'app', iss = issuer, lifetime = 60 } = {},
): Promise<Headers> {
  const seconds = now / 1000
  const jwt = await new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: 'one' })
    .setIssuer(iss)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + lifetime)
    .sign(await importJWK(JSON.parse(secret), 'ES256'))
  return new Headers({ 'portcullis-assertion': jwt })
}

const verify = (headers: Headers, at = now) =>
  assertionVerifier({ jwks, issuer, audience: 'app', clock: () => at })(headers)

describe('assertionVerifier of portcullis/assertion', () => {
  it('reads who is signed in', async () => {
    expect(await verify(await sign(claims))).toEqual({
      user: 'alice',
      session: 'digest',
      authenticatedAt: 1_700_000_000_000,
      version: '7',
    })
  })

  it('accepts nothing but its own: no header, another audience, another issuer, another key, an expired one', async () => {
    const others = [
      new Headers(),
      new Headers({ 'portcullis-assertion': 'a.b.c' }),
      await sign(claims, { audience: 'other' }),
      await sign(claims, { iss: 'https://evil.example' }),
      await sign(claims, { secret: await newKey({ kid: 'one' }) }),
    ]
    for (const headers of others) expect(await verify(headers)).toBeUndefined()
    expect(await verify(await sign(claims), now + 66_000)).toBeUndefined()
    expect(await verify(await sign(claims), now + 64_000)).toBeDefined()
  })

  it('names every option that is wrong', () => {
    expect(() => assertionVerifier({ issuer: 'app', audience: '' } as never)).toThrow(
      /key or jwks is required.*audience must be.*issuer must be/s,
    )
  })
})
