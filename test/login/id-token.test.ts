import { CompactSign } from 'jose'
import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../../src/crypto/index.ts'
import { privateKeyJwt } from '../../src/login/index.ts'
import { createKey, encodeJson, type Json, signToken } from './provider.ts'
import { createSite, type Site, type SiteOptions, sharedKey } from './support.ts'

/** A login whose token response a test changes; nobody must be signed in. */
async function refusal(
  change: (site: Site, tokens: Json) => Json | Promise<Json>,
  options: SiteOptions = {},
): Promise<{ status: number; reason: string | undefined; site: Site }> {
  const site = await createSite(options)
  site.provider.tokens = (tokens) => change(site, tokens)
  const person = site.browser()
  const response = await person.signIn()
  expect(await person.who()).toBeNull()
  expect(response.headers.getSetCookie().some((line) => line.startsWith('__Host-session='))).toBe(
    false,
  )
  return { status: response.status, reason: site.events.at(-1)?.reason, site }
}

const parts = (tokens: Json): [string, string, string] =>
  `${tokens.id_token}`.split('.') as [string, string, string]

const decode = (part: string): Json =>
  JSON.parse(new TextDecoder().decode(Uint8Array.from(atobBytes(part)))) as Json

function atobBytes(part: string): number[] {
  return Array.from(atob(part.replaceAll('-', '+').replaceAll('_', '/')), (char) =>
    char.charCodeAt(0),
  )
}

/** The same claims, signed again by whatever is given. */
async function resign(tokens: Json, change: (claims: Json) => Json, alg = 'ES256'): Promise<Json> {
  const claims = change(decode(parts(tokens)[1]))
  return { ...tokens, id_token: await signToken(await sharedKey(alg), claims) }
}

async function hmacToken(key: Uint8Array, claims: Json): Promise<string> {
  return new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
    .sign(key)
}

describe('the signature of an id token', () => {
  test.each(['none', 'None', 'NONE'])('31: alg %s is refused', async (alg) => {
    const { status, reason } = await refusal((_, tokens) => {
      const [, body] = parts(tokens)
      return { ...tokens, id_token: `${encodeJson({ alg })}.${body}.` }
    })
    expect([status, reason]).toEqual([400, 'id-token-bad'])
  })

  test('31: HS256 under the public key, or under the client’s secret, is refused', async () => {
    const key = await sharedKey()
    const secrets = [JSON.stringify(key.jwk), 'a secret'.padEnd(32, '\0'), `${key.jwk.x}`]
    for (const text of secrets) {
      const { status } = await refusal(async (site, tokens) => {
        site.provider.metadata = { id_token_signing_alg_values_supported: ['HS256'] }
        const bytes = new TextEncoder().encode(text)
        return { ...tokens, id_token: await hmacToken(bytes, decode(parts(tokens)[1])) }
      })
      expect(status).toBe(400)
    }
  })

  test('32: another key of the same kid, a kid that is not in the set, a key in the header', async () => {
    const other = await createKey('ES256', 'key-1')
    const unknown = await createKey('ES256', 'key-2')
    const jwk = unknown.jwk as unknown as Json
    const signed = [
      (claims: Json) => signToken(other, claims),
      (claims: Json) => signToken(unknown, claims),
      (claims: Json) => signToken(unknown, claims, { jwk, kid: undefined }),
      (claims: Json) => signToken(unknown, claims, { jku: 'https://evil.example/jwks' }),
    ]
    for (const sign of signed) {
      const { status, site } = await refusal(async (_, tokens) => ({
        ...tokens,
        id_token: await sign(decode(parts(tokens)[1])),
      }))
      expect(status).toBe(400)
      expect(site.provider.asked.some((one) => one.includes('evil'))).toBe(false)
    }
  })

  test('33: a key for encryption, one of another algorithm or curve, a short RSA key', async () => {
    const key = await sharedKey()
    const sets = [
      [{ ...key.jwk, use: 'enc' }],
      [{ ...key.jwk, alg: 'ES384' }],
      [{ ...key.jwk, key_ops: ['encrypt'] }],
      [{ ...(await sharedKey('ES384')).jwk, kid: 'key-1', alg: undefined }],
      [{ ...(await sharedKey('RS256')).jwk, kid: 'key-1', alg: undefined }],
    ]
    for (const keys of sets) {
      const site = await createSite()
      site.provider.keys = keys as never
      expect((await site.browser().signIn()).status).toBe(400)
    }

    const pair = (await crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    )) as CryptoKeyPair
    const jwk = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
    const { status } = await refusal(async (site, tokens) => {
      site.provider.keys = [{ kty: 'RSA', n: `${jwk.n}`, e: `${jwk.e}`, kid: 'short' }]
      const input = `${encodeJson({ alg: 'RS256', kid: 'short' })}.${parts(tokens)[1]}`
      const bytes = new TextEncoder().encode(input)
      const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', pair.privateKey, bytes)
      return { ...tokens, id_token: `${input}.${encodeBase64url(new Uint8Array(signature))}` }
    })
    expect(status).toBe(400)
  })

  test('34: crit, four parts, a cut signature, a changed payload, no JSON, 200 KB', async () => {
    const changes: ((tokens: Json) => string | Promise<string>)[] = [
      async (tokens) => {
        const { crit } = { crit: ['exp'] }
        const [, body] = parts(tokens)
        return `${encodeJson({ alg: 'ES256', kid: 'key-1', crit, exp: 1 })}.${body}.${parts(tokens)[2]}`
      },
      (tokens) => `${tokens.id_token}.x`,
      (tokens) => `${tokens.id_token}`.slice(0, -4),
      (tokens) => {
        const [head, body, signature] = parts(tokens)
        return `${head}.${encodeJson({ ...decode(body), sub: 'eve' })}.${signature}`
      },
      (tokens) =>
        `${parts(tokens)[0]}.${encodeBase64url(new TextEncoder().encode('no json'))}.${parts(tokens)[2]}`,
      (tokens) => `${tokens.id_token}${'A'.repeat(200_000)}`,
      (tokens) => `${parts(tokens)[0]}==.${parts(tokens)[1]}.${parts(tokens)[2]}`,
    ]
    for (const change of changes) {
      const { status } = await refusal(async (_, tokens) => ({
        ...tokens,
        id_token: await change(tokens),
      }))
      expect(status).toBe(400)
    }
  })

  test('35: without a kid one key is taken, and of several those that fit are tried', async () => {
    const key = await sharedKey()
    const rest = await Promise.all([1, 2].map((at) => createKey('ES256', `other-${at}`)))
    const site = await createSite()
    site.provider.keys = [
      ...rest.map(({ jwk }) => jwk),
      (await sharedKey('RS256', 'rsa')).jwk,
      key.jwk,
    ]
    site.provider.header = { kid: undefined }
    expect((await site.browser().signIn()).status).toBe(303)
  })

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])(
    '45: %s of a real provider passes',
    async (alg) => {
      const site = await createSite()
      site.provider.key = await sharedKey(alg)
      site.provider.metadata = { id_token_signing_alg_values_supported: [alg] }
      expect((await site.browser().signIn()).status).toBe(303)
    },
  )

  test('49: keys that rotate work at the next login, without waiting', async () => {
    const site = await createSite()
    await site.browser().signIn()
    site.provider.key = await createKey('ES256', 'key-2')
    expect((await site.browser().signIn()).status).toBe(303)
    expect(site.provider.asked.filter((one) => one === 'GET /jwks').length).toBe(2)
  })

  test('50: made-up kids ask for keys once in 30 s', async () => {
    const site = await createSite()
    await site.browser().signIn()
    const asked = (): number => site.provider.asked.filter((one) => one === 'GET /jwks').length
    for (let at = 0; at < 20; at++) {
      site.provider.header = { kid: `made-up-${at}` }
      expect((await site.browser().signIn()).status).toBe(400)
    }
    expect(asked()).toBe(2)
    site.clock.now += 31_000
    await site.browser().signIn()
    expect(asked()).toBe(3)
  })
})

describe('the claims of an id token', () => {
  const bad: [string, string, (claims: Json, now: number) => Json][] = [
    ['36: iss of another', 'id-token-issuer', (c) => ({ ...c, iss: 'https://evil.example' })],
    ['36: iss with a slash', 'id-token-issuer', (c) => ({ ...c, iss: `${c.iss}/` })],
    ['36: no iss', 'id-token-bad', (c) => ({ ...c, iss: undefined })],
    ['37: aud of another', 'id-token-audience', (c) => ({ ...c, aud: 'other' })],
    ['37: no aud', 'id-token-bad', (c) => ({ ...c, aud: undefined })],
    [
      '37: two audiences without azp',
      'id-token-audience',
      (c) => ({ ...c, aud: ['client', 'other'] }),
    ],
    ['37: azp of another', 'id-token-audience', (c) => ({ ...c, azp: 'other' })],
    [
      '37: azp of another among two',
      'id-token-audience',
      (c) => ({ ...c, aud: ['client', 'other'], azp: 'other' }),
    ],
    ['38: exp 90 s ago', 'id-token-time', (c, now) => ({ ...c, exp: now - 90 })],
    ['38: no exp', 'id-token-bad', (c) => ({ ...c, exp: undefined })],
    ['38: exp as text', 'id-token-bad', (c, now) => ({ ...c, exp: `${now + 300}` })],
    ['39: iat 90 s ahead', 'id-token-time', (c, now) => ({ ...c, iat: now + 90 })],
    ['39: no iat', 'id-token-bad', (c) => ({ ...c, iat: undefined })],
    ['40: nbf ahead', 'id-token-time', (c, now) => ({ ...c, nbf: now + 90 })],
    ['41: no nonce', 'id-token-bad', (c) => ({ ...c, nonce: undefined })],
    ['41: another nonce', 'id-token-nonce', (c) => ({ ...c, nonce: 'other' })],
    ['41: a list as nonce', 'id-token-nonce', (c) => ({ ...c, nonce: [c.nonce] })],
    ['42: a wrong at_hash', 'id-token-hash', (c) => ({ ...c, at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })],
    ['43: no sub', 'id-token-bad', (c) => ({ ...c, sub: undefined })],
    ['43: an empty sub', 'id-token-bad', (c) => ({ ...c, sub: '' })],
    ['43: a number as sub', 'id-token-bad', (c) => ({ ...c, sub: 7 })],
    ['43: a sub of 300 characters', 'id-token-bad', (c) => ({ ...c, sub: 'a'.repeat(300) })],
  ]
  test.each(bad)('%s is refused', async (_, reason, change) => {
    const found = await refusal((site, tokens) =>
      resign(tokens, (claims) => change(claims, site.provider.seconds)),
    )
    expect([found.status, found.reason]).toEqual([400, reason])
  })

  test.each<[string, (claims: Json, now: number) => Json]>([
    ['38: exp 45 s ago', (c, now) => ({ ...c, exp: now - 45 })],
    ['39: iat 45 s ahead', (c, now) => ({ ...c, iat: now + 45 })],
    ['37: one audience in a list', (c) => ({ ...c, aud: ['client'] })],
    ['37: two audiences with azp', (c) => ({ ...c, aud: ['client', 'other'], azp: 'client' })],
  ])('%s passes', async (_, change) => {
    const site = await createSite()
    site.provider.tokens = (tokens) =>
      resign(tokens, (claims) => change(claims, site.provider.seconds))
    expect((await site.browser().signIn()).status).toBe(303)
  })

  test('42: the right at_hash passes', async () => {
    const site = await createSite()
    const digest = new Uint8Array(
      await crypto.subtle.digest('SHA-256', new TextEncoder().encode('access')),
    )
    site.provider.claims = { at_hash: encodeBase64url(digest.subarray(0, 16)) }
    expect((await site.browser().signIn()).status).toBe(303)
  })

  test('44: __proto__ among the claims is refused', async () => {
    const key = await sharedKey()
    const { status } = await refusal(async (_, tokens) => {
      const json = JSON.stringify(decode(parts(tokens)[1])).replace(
        '{',
        '{"__proto__":{"admin":true},',
      )
      const signed = await new CompactSign(new TextEncoder().encode(json))
        .setProtectedHeader({ alg: 'ES256', kid: 'key-1' })
        .sign(key.signer)
      return { ...tokens, id_token: signed }
    })
    expect(status).toBe(400)
  })

  test('48: a template issuer admits the tenants of the list only', async () => {
    const issuer = 'https://login.example/{tenantid}/v2.0'
    const tries: [Json, number][] = [
      [{ iss: 'https://login.example/t1/v2.0', tid: 't1' }, 303],
      [{ iss: 'https://login.example/t2/v2.0', tid: 't2' }, 400],
      [{ iss: 'https://login.example/t1/v2.0', tid: 't2' }, 400],
      [{ iss: 'https://login.example/t2/v2.0', tid: 't1' }, 400],
      [{ iss: 'https://login.example/t1/v2.0' }, 400],
      [{ iss: issuer, tid: 't1' }, 400],
    ]
    for (const [claims, status] of tries) {
      const site = await createSite({ issuer, provider: { tenants: ['t1'] } })
      const { provider } = site
      const root = 'https://login.example'
      provider.metadata = {
        authorization_endpoint: `${root}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`,
        end_session_endpoint: undefined,
        userinfo_endpoint: undefined,
        authorization_response_iss_parameter_supported: undefined,
      }
      provider.claims = claims
      const person = site.browser()
      const callback = provider.authorize(await person.begin(), { iss: undefined })
      expect([claims, (await person.request(callback)).status]).toEqual([claims, status])
    }
  })
})

describe('the token endpoint and userinfo', () => {
  test('46: userinfo of another subject signs nobody in', async () => {
    const site = await createSite({ provider: { userinfo: true } })
    site.provider.userinfo = { sub: 'eve' }
    const person = site.browser()
    expect((await person.signIn()).status).toBe(400)
    expect(site.events.at(-1)?.reason).toBe('userinfo-subject')
    expect(await person.who()).toBeNull()
  })

  test('46: userinfo of the same subject adds claims, and replaces none of the id token', async () => {
    const site = await createSite({
      provider: { userinfo: true },
      login: {
        identify: ({ user, claims }) => ({ user, roles: [`${claims.team}`, `${claims.sid}`] }),
      },
    })
    site.provider.userinfo = { team: 'red', sid: 'of-userinfo' }
    const person = site.browser()
    await person.signIn()
    expect((await person.who())?.roles).toEqual(['red', 'sid-1'])
  })

  test('47: userinfo that refuses is 502, not a login without claims', async () => {
    const site = await createSite({ provider: { userinfo: true } })
    const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' }
    site.provider.answers.set(
      '/userinfo',
      () => new Response(null, { status: 401, headers: challenge }),
    )
    const person = site.browser()
    expect((await person.signIn()).status).toBe(502)
    site.provider.answers.set('/userinfo', () => new Response(null, { status: 401 }))
    expect((await person.signIn()).status).toBe(502)
    expect(await person.who()).toBeNull()
  })

  test('53: redirects are not followed, and the secret goes nowhere', async () => {
    const site = await createSite()
    const headers = { location: 'https://evil.example/token' }
    for (const status of [302, 307, 308]) {
      site.provider.answers.set('/token', () => new Response(null, { status, headers }))
      expect((await site.browser().signIn()).status).toBe(502)
    }
    expect(site.provider.asked.filter((one) => one === 'POST /token').length).toBe(3)
  })

  test('54: logins go on while metadata and keys fail; keys older than a day are refused', async () => {
    const site = await createSite()
    await site.browser().signIn()
    const down = (): Response => new Response('down', { status: 500 })
    site.provider.answers.set('/.well-known/openid-configuration', down)
    site.provider.answers.set('/jwks', down)
    site.clock.now += 3_600_000
    expect((await site.browser().signIn()).status).toBe(303)
    expect(site.events.filter(({ type }) => type === 'provider-stale').length).toBeGreaterThan(0)
    site.clock.now += 86_400_000
    expect((await site.browser().signIn()).status).toBe(503)

    site.provider.answers.clear()
    site.clock.now += 60_000
    expect((await site.browser().signIn()).status).toBe(303)
    expect(site.events.some(({ type }) => type === 'provider-back')).toBe(true)
  })

  test.each<[string, () => Response, number, string]>([
    ['500', () => new Response('no', { status: 500 }), 503, 'provider-unreachable'],
    [
      '429',
      () => Response.json({ error: 'slow_down' }, { status: 429 }),
      503,
      'provider-unreachable',
    ],
    [
      'a page',
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      503,
      'provider-unreachable',
    ],
    [
      'an error that is no text',
      () => Response.json({ error: 7 }, { status: 400 }),
      503,
      'provider-unreachable',
    ],
    [
      'invalid_grant',
      () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
      400,
      'code-refused',
    ],
    [
      'invalid_client',
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
      502,
      'client-refused',
    ],
  ])('56: a token endpoint that answers %s', async (_, answer, status, reason) => {
    const site = await createSite()
    site.provider.answers.set('/token', answer)
    expect((await site.browser().signIn()).status).toBe(status)
    expect(site.events.at(-1)).toEqual({ type: 'login-failed', reason, subject: 'acme' })
  })

  test('57: the second client secret is tried once where the first is refused', async () => {
    const site = await createSite({ provider: { clientSecret: ['old', 'new'] } })
    const { provider } = site
    let tries = 0
    const basic = `Basic ${btoa('client:new')}`
    provider.answers.set('/token', async (request) => {
      tries++
      if (request.headers.get('authorization') !== basic) {
        return Response.json({ error: 'invalid_client' }, { status: 401 })
      }
      provider.answers.delete('/token')
      const { method, headers, url } = request
      return provider.fetch(url, { method, headers, body: await request.text() })
    })
    expect((await site.browser().signIn()).status).toBe(303)
    expect(tries).toBe(2)
    provider.answers.set('/token', () => {
      tries++
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    })
    expect((await site.browser().signIn()).status).toBe(502)
    expect(tries).toBe(4)
  })

  test('58: basic escapes what RFC 6749 wants escaped; post and none go in the form', async () => {
    const site = await createSite({ provider: { clientId: 'cl:i ent', clientSecret: 's+e/c%r:t' } })
    site.provider.claims = { aud: 'cl:i ent' }
    expect((await site.browser().signIn()).status).toBe(303)
    const [authorization = ''] = site.provider.authorizations
    expect(atob(`${authorization}`.slice(6))).toBe('cl%3Ai+ent:s%2Be%2Fc%25r%3At')

    const post = await createSite({ provider: { auth: 'client_secret_post' } })
    await post.browser().signIn()
    expect([post.provider.authorizations[0], post.provider.forms[0]?.get('client_secret')]).toEqual(
      [null, 'a secret'],
    )
    const open = await createSite({ provider: { auth: 'none' } })
    await open.browser().signIn()
    expect([
      open.provider.forms[0]?.get('client_id'),
      open.provider.forms[0]?.has('client_secret'),
    ]).toEqual(['client', false])
  })

  test('58: private_key_jwt names the issuer as aud, lives 60 s, and has a jti of its own', async () => {
    const pair = (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
    ])) as CryptoKeyPair
    const clientKey = {
      ...(await crypto.subtle.exportKey('jwk', pair.privateKey)),
      kid: 'mine',
      alg: 'ES256',
    }
    const site = await createSite({ provider: { auth: privateKeyJwt({ key: clientKey }) } })
    const person = site.browser()
    await person.signIn()
    await person.signIn()
    const assertions = site.provider.forms.map((form) =>
      `${form.get('client_assertion')}`.split('.'),
    )
    const claims = assertions.map(([, body = '']) => decode(body))
    expect(decode(assertions[0]?.[0] ?? '')).toMatchObject({ alg: 'ES256', kid: 'mine' })
    expect(claims[0]).toMatchObject({ iss: 'client', sub: 'client', aud: site.provider.issuer })
    expect(Number(claims[0]?.exp) - Number(claims[0]?.iat)).toBe(60)
    expect(claims[0]?.jti).not.toBe(claims[1]?.jti)

    const auth = privateKeyJwt({ key: clientKey, audience: 'token_endpoint' })
    const other = await createSite({ provider: { auth } })
    await other.browser().signIn()
    const [, body = ''] = `${other.provider.forms[0]?.get('client_assertion')}`.split('.')
    expect(decode(body).aud).toBe(`${other.provider.issuer}/token`)
  })

  test('59: another token_type, and no id token, are refused', async () => {
    expect((await refusal((_, tokens) => ({ ...tokens, token_type: 'N_A' }))).status).toBe(400)
    expect((await refusal((_, tokens) => ({ ...tokens, token_type: 'DPoP' }))).status).toBe(400)
    expect((await refusal((_, tokens) => ({ ...tokens, id_token: undefined }))).status).toBe(400)
  })
})
