/** The demo origin alone, in front of it a gateway played by this file: it signs assertions and reads Portcullis-Session. */
import { createServer, request, type Server } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const nonce = 'abcdefghijklmnopqrstuv'
const servers: Server[] = []
let gateway: string
let origin: string
let key: CryptoKey
let publicKey: JWK

beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  key = pair.privateKey
  publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'demo', alg: 'ES256', use: 'sig' }
  gateway = await listen(
    createServer((req, res) => {
      res.statusCode = req.url === '/.portcullis/jwks.json' ? 200 : 404
      res
        .setHeader('content-type', 'application/jwk-set+json')
        .end(JSON.stringify({ keys: [publicKey] }))
    }),
  )
  process.env.PORTCULLIS_URL = gateway
  const { createApp } = await import('../../examples/express-origin/app.ts')
  const { sockets } = await import('../../examples/express-origin/live.ts')
  const server = createServer(createApp())
  sockets(server)
  origin = await listen(server)
})

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

const alice = {
  sub: 'alice',
  auth_time: 1_790_000_000,
  claims: { name: 'Alice', roles: ['admin'], visits: 3 },
}
const bob = { sub: 'bob', auth_time: 1_790_000_000, claims: { name: 'Bob', roles: [] } }

describe('the visit counter', () => {
  it.each([
    ['a stranger', undefined, 'You have been here 1 time.'],
    ['a second visit', { claims: { visits: 1 } }, 'You have been here 2 times.'],
    ['a third visit', { claims: { visits: 2 } }, 'You have been here 3 times.'],
  ])('shows %s and asks the gateway to count it', async (_who, claims, text) => {
    const response = await ask('/', { claims })
    expect(await response.text()).toContain(text)
    expect(verbs(response)).toEqual({ incr: { visits: 1 } })
  })

  it('repeats the nonce of the request, which is what makes the gateway believe it', async () => {
    const response = await ask('/', {
      headers: { 'Portcullis-Session-Nonce': 'ZZZZZZZZZZZZZZZZZZZZZZ' },
    })
    expect(response.headers.get('portcullis-session')?.split('.')[0]).toBe('ZZZZZZZZZZZZZZZZZZZZZZ')
  })

  it('does not count a HEAD', async () => {
    expect(verbs(await ask('/', { method: 'HEAD' }))).toBeUndefined()
  })

  it('asks for nothing where there is no gateway, and says so', async () => {
    const response = await fetch(origin)
    expect(verbs(response)).toBeUndefined()
    expect(await response.text()).toContain('Nobody counts')
  })
})

describe('login', () => {
  it('starts a session that keeps the visits, and goes home', async () => {
    const response = await login({ user: 'alice', password: 'wonderland' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/')
    expect(verbs(response)).toEqual({
      start: { data: { user: 'alice', name: 'Alice', roles: ['admin'] }, keep: ['visits'] },
    })
  })

  it.each([
    ['a wrong password', { user: 'alice', password: 'builder' }],
    ['an unknown name', { user: 'carol', password: 'wonderland' }],
    ['no password', { user: 'alice' }],
    ['nothing', {}],
  ])('shows the form again for %s and starts nothing', async (_what, fields) => {
    const response = await login(fields)
    expect(response.status).toBe(401)
    expect(verbs(response)).toBeUndefined()
    expect(await response.text()).toContain('do not belong together')
  })

  // curl -d 'user="><script>alert(1)</script>&password=x' http://localhost:8787/login
  it('escapes the name it shows again', async () => {
    const page = await (await login({ user: '"><script>alert(1)</script>', password: 'x' })).text()
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"')
    expect(page).not.toContain('<script')
  })

  // https://shop.test/login?return_to=//evil.test sends whoever logs in to evil.test.
  it.each([
    ['/account', '/account'],
    ['/account?tab=2', '/account?tab=2'],
    ['//evil.test', '/'],
    ['//evil.test/x', '/'],
    ['/\\evil.test', '/'],
    ['/\t/evil.test', '/'],
    ['/.//evil.test', '/'],
    ['/%2e//evil.test', '/'],
    ['/a/..//evil.test', '/'],
    ['https://evil.test/', '/'],
    ['javascript:alert(1)', '/'],
    ['account', '/'],
    ['', '/'],
  ])('after it, return_to %j goes to %j', async (returnTo, location) => {
    const response = await login({ user: 'bob', password: 'builder', return_to: returnTo })
    expect(response.headers.get('location')).toBe(location)
  })

  it('says that nobody keeps the session where there is no gateway', async () => {
    const body = new URLSearchParams({ user: 'bob', password: 'builder' })
    expect((await fetch(`${origin}/login`, { method: 'POST', body })).status).toBe(503)
  })

  it('is undone by the button, which ends the session', async () => {
    const response = await ask('/logout', { method: 'POST', claims: alice })
    expect(response.status).toBe(303)
    expect(verbs(response)).toEqual({ end: true })
  })
})

describe('the devices', () => {
  const [here, there] = ['AAAAAAAAAAAAAAAAAAAAAA', 'BBBBBBBBBBBBBBBBBBBBBB']
  const list = [
    {
      id: here,
      createdAt: 1_790_000_060_000,
      seenAt: 1_790_000_120_000,
      expiresAt: 1_790_028_860_000,
      current: true,
    },
    {
      id: there,
      createdAt: 1_790_000_000_000,
      seenAt: 1_790_000_000_000,
      expiresAt: 1_790_028_800_000,
      current: false,
    },
  ]
  const headers = { 'Portcullis-Sessions': Buffer.from(JSON.stringify(list)).toString('base64url') }

  it('are listed with a button to end each', async () => {
    const page = await (await ask('/devices', { claims: alice, headers })).text()
    expect([...page.matchAll(/name="end" value="([\w-]+)"/g)].map(([, id]) => id)).toEqual([
      here,
      there,
    ])
    expect(page).toContain('<code>AAAAAAAA</code> (this one)')
    expect(page).toContain('>2026-09-21 14:14:20</td>')
  })

  it('are not there where nothing is stored, and the page says why', async () => {
    const page = await (await ask('/devices', { claims: alice })).text()
    expect(page).toContain('There is no list')
    expect(page).not.toContain('action="/devices"')
  })

  it.each([
    ['one', { end: there }, { end: { id: there } }],
    ['all others', { others: '1' }, { endAll: { exceptCurrent: true } }],
    ['nothing for another button', { end: '' }, undefined],
  ])('are ended: %s', async (_what, fields, expected) => {
    const response = await ask('/devices', {
      method: 'POST',
      claims: alice,
      body: new URLSearchParams(fields),
    })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/devices'])
    expect(verbs(response)).toEqual(expected)
  })

  it('are nobody else’s', async () => {
    for (const method of ['GET', 'POST']) {
      const response = await ask('/devices', { method, headers })
      expect(response.headers.get('location')).toBe('/login?return_to=/devices')
      expect(verbs(response)).toBeUndefined()
    }
  })
})

describe('the assertion', () => {
  it.each([
    ['alice', alice, 200],
    ['bob', bob, 403],
    ['a visitor', { claims: { visits: 1 } }, 403],
    ['nobody', undefined, 403],
  ])('lets %s see /admin or not', async (_who, claims, status) => {
    expect((await ask('/admin', { claims })).status).toBe(status)
    expect((await ask('/admin/users', { claims })).status).toBe(status)
  })

  it('names who is signed in, on every page', async () => {
    expect(await (await ask('/account', { claims: alice })).text()).toContain(
      'Signed in as <strong>Alice</strong>',
    )
  })

  it('sends nobody from /account to the login form', async () => {
    expect((await ask('/account')).headers.get('location')).toBe('/login?return_to=/account')
  })

  it.each([
    ['for another upstream', { audience: 'billing' }],
    ['from another gateway', { issuer: 'https://evil.test' }],
    ['that is over', { expires: -60 }],
    ['that never ends', { expires: undefined }],
    ['without a session', { sid: undefined }],
    ['signed by a stranger', { stranger: true }],
  ])('is refused when it is one %s', async (_what, change) => {
    const response = await ask('/admin', { claims: alice, change })
    expect(response.status).toBe(401)
    expect(verbs(response)).toBeUndefined()
  })

  it.each([
    ['unsigned (alg: none)', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.'],
    ['not a JWT', 'alice'],
    ['empty', ''],
  ])('is refused when it is %s', async (_what, token) => {
    const headers = { 'Portcullis-Assertion': token }
    expect((await fetch(`${origin}/admin`, { headers })).status).toBe(401)
  })

  // An HMAC whose secret is the public key: a verifier that lets the token choose its algorithm takes it.
  it('is refused when it is signed with HS256 and the public key', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(publicKey))
    const token = await new SignJWT({ sub: 'alice', sid: 's1' })
      .setProtectedHeader({ alg: 'HS256', kid: 'demo' })
      .setIssuer(gateway)
      .setAudience('app')
      .setExpirationTime('60s')
      .sign(secret)
    expect(
      (await fetch(`${origin}/admin`, { headers: { 'Portcullis-Assertion': token } })).status,
    ).toBe(401)
  })

  it('is refused when there are two', async () => {
    const token = await assertion(alice)
    const status = await new Promise((done, failed) => {
      request(`${origin}/admin`, { headers: { 'Portcullis-Assertion': [token, token] } }, (res) => {
        res.resume()
        done(res.statusCode)
      })
        .once('error', failed)
        .end()
    })
    expect(status).toBe(401)
  })
})

describe('careless on purpose', () => {
  it('tells what it is made of', async () => {
    const { headers } = await ask('/')
    expect(headers.get('x-powered-by')).toBe('Express')
    expect(headers.get('server')).toBe('demo/1.0')
  })

  it('shows a stack trace', async () => {
    const response = await ask('/boom')
    expect(response.status).toBe(500)
    expect(await response.text()).toMatch(/hunter2.*careless\.ts/s)
  })

  it('sets cookies without attributes, and some that are not its own', async () => {
    const { headers } = await ask('/cookies')
    expect(headers.getSetCookie()).toEqual([
      'theme=dark',
      'tracker=1; Domain=127.0.0.1; Path=/',
      '__Host-session=forged; Path=/; Secure',
      'portcullis_session=forged; Path=/',
    ])
    expect(headers.get('portcullis-session')?.split('.')[0]).toBe('AAAAAAAAAAAAAAAAAAAAAA')
    expect(headers.get('portcullis_user')).toBe('mallory')
  })

  it.each([
    ['/redirect/relative', '/headers'],
    ['/redirect/absolute', 'ORIGIN/headers'],
    ['/redirect/elsewhere', 'http://example.test/'],
  ])('%s redirects to %s', async (path, location) => {
    expect((await ask(path)).headers.get('location')).toBe(location.replace('ORIGIN', origin))
  })

  it('lets a stranger choose a header of the answer', async () => {
    const headers = { 'x-echo-name': 'Portcullis-Session', 'x-echo-value': 'chosen' }
    expect((await ask('/echo-headers', { headers })).headers.get('portcullis-session')).toBe(
      'chosen',
    )
    expect(
      (await ask('/echo-headers', { headers: { 'x-echo-name': 'a b', 'x-echo-value': 'c' } }))
        .status,
    ).toBe(400)
  })
})

describe('the rest', () => {
  it('sends a body back as it came', async () => {
    const body = 'x'.repeat(300_000)
    expect(await (await ask('/echo', { method: 'POST', body })).text()).toBe(body)
  })

  it('shows the request it received', async () => {
    const received = await (
      await ask('/headers', { headers: { 'X-Forwarded-Proto': 'https' } })
    ).json()
    expect(received).toMatchObject({
      'x-forwarded-proto': 'https',
      'portcullis-session-nonce': nonce,
    })
  })

  it.each([['0'], ['-5'], ['abc']])('answers /slow?ms=%s at once', async (ms) => {
    expect(await (await ask(`/slow?ms=${ms}`)).text()).toBe('After 0 ms.\n')
  })

  it('sends the first event before the last', async () => {
    const response = await ask('/events?count=2')
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const text = await response.text()
    expect(text).toBe(
      'id: 1\ndata: tick 1 of 2\n\nid: 2\ndata: tick 2 of 2\n\nevent: done\ndata: done\n\n',
    )
  })

  it.each(['/', '/live'])(
    'gives the script on %s the nonce of the policy that the gateway sent along',
    async (path) => {
      const headers = { 'Content-Security-Policy': "script-src 'nonce-Zm9vYmFy' 'strict-dynamic'" }
      const page = await (await ask(path, { headers })).text()
      expect(page).toMatch(
        /<script src="\/demo\.js" integrity="sha384-[\w+/]{64}" nonce="Zm9vYmFy" defer>/,
      )
    },
  )

  it('has no script on any other page', async () => {
    for (const path of ['/login', '/account', '/admin']) {
      expect(await (await ask(path, { claims: alice })).text()).not.toContain('<script')
    }
  })

  it.each([
    ['alice', alice, 'hello Alice'],
    ['nobody', undefined, 'hello stranger'],
  ])('greets %s over a WebSocket and echoes', async (_who, claims, greeting) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, {
      headers: await sent(claims),
    })
    const heard: string[] = []
    await new Promise<void>((done, failed) => {
      socket.once('open', () => socket.send('ping')).once('error', failed)
      socket.on('message', (data) => heard.push(String(data)) === 2 && done())
    })
    socket.close()
    expect(heard).toEqual([greeting, 'ping'])
  })

  it('refuses a WebSocket with an assertion of somebody else', async () => {
    const headers = { 'Portcullis-Assertion': 'forged' }
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers })
    const error = await new Promise<Error>((done) => socket.once('error', done))
    expect(error.message).toContain('401')
  })
})

interface Change {
  audience?: string
  issuer?: string
  expires?: number | undefined
  sid?: string | undefined
  stranger?: boolean
}

interface Asked extends RequestInit {
  headers?: Record<string, string>
  claims?: object | undefined
  change?: Change
}

async function ask(
  path: string,
  { claims, change, headers, ...init }: Asked = {},
): Promise<Response> {
  return fetch(origin + path, {
    ...init,
    redirect: 'manual',
    headers: { 'Portcullis-Session-Nonce': nonce, ...(await sent(claims, change)), ...headers },
  })
}

function login(fields: Record<string, string>): Promise<Response> {
  return ask('/login', { method: 'POST', body: new URLSearchParams(fields) })
}

async function sent(claims: object | undefined, change?: Change): Promise<Record<string, string>> {
  return claims ? { 'Portcullis-Assertion': await assertion(claims, change) } : {}
}

async function assertion(claims: object, change: Change = {}): Promise<string> {
  const { audience, issuer, expires, sid, stranger } = {
    audience: 'app',
    issuer: gateway,
    expires: 60,
    sid: 's1',
    ...change,
  }
  const jwt = new SignJWT({ ...claims, ...(sid && { sid }), ver: 1 })
    .setProtectedHeader({ alg: 'ES256', kid: 'demo' })
    .setIssuer(issuer)
    .setAudience(audience)
  if (expires !== undefined) jwt.setExpirationTime(Math.floor(Date.now() / 1000) + expires)
  return jwt.sign(stranger ? (await generateKeyPair('ES256')).privateKey : key)
}

/** What the answer asks of the session; undefined for nothing. */
function verbs(response: Response): unknown {
  const [, json] = response.headers.get('portcullis-session')?.split('.') ?? []
  return json === undefined ? undefined : JSON.parse(Buffer.from(json, 'base64url').toString())
}

async function listen(server: Server): Promise<string> {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address?.port}`
}
