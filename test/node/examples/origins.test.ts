/** The servers of examples/origins, each as a process of its own behind the gateway in bare workerd. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { exportSPKI, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionKey } from '../../../tools/dev/secret.ts'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { rawFetch } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

const folder = mkdtempSync(join(tmpdir(), 'portcullis-verifiers-'))
const goServer = join(folder, 'server')
const here = 'examples/origins'

/** How each is started, and what the machine must have for it. */
const languages: ReadonlyArray<{
  name: string
  has: () => boolean
  build?: () => void
  start: [string, ...string[]]
}> = [
  ...['express', 'fastify', 'koa', 'node'].map((name) => ({
    name,
    has: () => true,
    start: [process.execPath, `${here}/javascript/${name}.ts`] as [string, string],
  })),
  {
    name: 'python',
    has: () => spawnSync('python3', ['-c', 'import cryptography']).status === 0,
    start: ['python3', '-B', `${here}/python/server.py`],
  },
  {
    name: 'go',
    has: () => spawnSync('go', ['version']).status === 0,
    build: () =>
      void execFileSync('go', ['build', '-o', goServer, '.'], {
        cwd: `${here}/go`,
        stdio: 'inherit',
      }),
    start: [goServer],
  },
]
const found = languages.filter(({ has }) => has())
for (const { name } of languages.filter((language) => !found.includes(language)))
  console.warn(
    `NO ${name.toUpperCase()} (or what it needs): its verifier in ${here} is NOT TESTED on this machine.`,
  )

let worker: Workerd
let login: Origin
let keys: Server
let cookie: string
let mine: string
let foreign: string
const fetches = new Map<string, number>()
/** What the servers of the second kind are told the keys are. */
let served: string
const children: ChildProcess[] = []
const ports = new Map<string, number>()

beforeAll(async () => {
  mine = await assertionKey()
  foreign = await assertionKey()
  login = await startOrigin((request) => ({
    headers: {
      'portcullis-session': order(request.header('portcullis-session-nonce'), { user: 'ada' }),
    },
  }))
  // Between the servers and the gateway, to count how often they ask for its keys.
  keys = createServer(async (request, response) => {
    const { url = '' } = request
    fetches.set(url, (fetches.get(url) ?? 0) + 1)
    if (url.startsWith('/rotating')) return response.end(served)
    const answer = await rawFetch(worker.port, {
      path: '/.portcullis/jwks.json',
      host: 'gateway.test',
    })
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.text)
  }).listen(0, '127.0.0.1')
  await once(keys, 'listening')
  const jwks = `http://127.0.0.1:${(keys.address() as AddressInfo).port}`
  for (const { build } of found) build?.()
  await Promise.all(
    found.flatMap(({ name, start }) => [
      listen(name, start, { AUDIENCE: name, JWKS: `${jwks}/${name}` }),
      listen(`rotating ${name}`, start, {
        AUDIENCE: name,
        JWKS: `${jwks}/rotating/${name}`,
        COOLDOWN: '0',
      }),
    ]),
  )
  const url = (name: string): string => `http://127.0.0.1:${ports.get(name) ?? 9}`
  worker = await startWorkerd(
    { entry: 'test/node/examples/origins.fixture.ts' },
    {
      bindings: {
        LOGIN_URL: login.url,
        EXPRESS_URL: url('express'),
        FASTIFY_URL: url('fastify'),
        KOA_URL: url('koa'),
        NODE_URL: url('node'),
        PYTHON_URL: url('python'),
        GO_URL: url('go'),
        ASSERTION_KEY: mine,
      },
    },
  )
  const headers = [['Origin', 'http://gateway.test']] as const
  const answer = await rawFetch(worker.port, {
    method: 'POST',
    path: '/login',
    host: 'gateway.test',
    headers,
  })
  cookie = answer.header('set-cookie')?.split(';')[0] ?? ''
}, 240_000)
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await worker?.stop()
  await login?.stop()
  keys?.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.each(found.map(({ name }) => [name] as const))('%s', (name) => {
  it('knows who comes through the gateway, and that a stranger is nobody', async () => {
    const who = await rawFetch(worker.port, {
      path: `/${name}`,
      host: 'gateway.test',
      headers: [['Cookie', cookie]],
    })
    expect([who.status, JSON.parse(who.text)]).toMatchObject([
      200,
      { iss: 'http://gateway.test', aud: name, sub: 'ada', sid: expect.any(String) },
    ])
    expect((await rawFetch(worker.port, { path: `/${name}`, host: 'gateway.test' })).status).toBe(
      401,
    )
  })

  it('takes what the gateway’s key signed for it', async () => {
    expect(await ask(name, await token({ aud: name }))).toBe(200)
    expect(await ask(name, await token({ aud: name, exp: now() - 2 }))).toBe(200) // two clocks are never one
  })

  it.each<[what: string, forge: () => Promise<string | undefined>]>([
    ['no assertion', async () => undefined],
    ['an empty one', async () => ''],
    ['no JWT', async () => 'a.b'],
    ['one for another upstream', () => token({ aud: 'another' })],
    ['one without an audience', () => token({})],
    ['one of another gateway', () => token({ aud: name, iss: 'http://elsewhere.test' })],
    ['one that is over', () => token({ aud: name, exp: now() - 60 })],
    ['one that is never over', () => token({ aud: name, exp: undefined })],
    ['one of a foreign key', () => token({ aud: name }, foreign)],
    [
      'one of a foreign key under our kid',
      () => token({ aud: name }, foreign, JSON.parse(mine).kid),
    ],
    ['one whose signature is cut', async () => (await token({ aud: name })).slice(0, -4)],
    [
      'one whose claims were changed',
      async () => swapped(await token({ aud: name }), { sub: 'root' }),
    ],
    [
      'alg none',
      async () => unsigned({ alg: 'none', kid: JSON.parse(mine).kid }, claims({ aud: name }), ''),
    ],
    [
      'alg ES256 and no signature',
      async () => unsigned({ alg: 'ES256', kid: JSON.parse(mine).kid }, claims({ aud: name }), ''),
    ],
    ['a good signature under the name of another algorithm', () => misnamed(name)],
    ['alg HS256 with the public key as the secret', () => hs256(name)],
  ])('refuses %s', async (_, forge) => {
    // Several in a row and more besides: one that is refused for the wrong reason only once would pass here.
    const assertion = await forge()
    expect([await ask(name, assertion), await ask(name, assertion)]).toEqual([401, 401])
    expect(await ask(name, await token({ aud: name }))).toBe(200)
  })

  it('starts, changes, lists and ends sessions through the gateway', async () => {
    const user = `eve-of-${name}`
    const phone = createJar(name)
    expect(await phone.post('/cart', { item: 'lamp' })).toMatchObject({ status: 303 })
    expect(await phone.get('/cart')).toMatchObject({
      claims: { cart: 'lamp', items: 1 },
      messages: { notice: 'lamp is in your cart' },
    })
    expect(await phone.get('/cart')).toMatchObject({ messages: {} })
    expect(await phone.post('/login', { user, password: 'wrong' })).toMatchObject({
      status: 401,
    })
    expect(await phone.post('/login', { user, password: 'wonderland' })).toMatchObject({
      status: 303,
      location: '/',
    })
    expect(await phone.get('/')).toMatchObject({ sub: user })
    expect(await phone.get('/cart')).toMatchObject({ claims: { cart: 'lamp', items: 1 } })
    await phone.post('/cart', { item: 'chair with a ümlaut' })
    expect(await phone.get('/cart')).toMatchObject({
      claims: { cart: 'chair with a ümlaut', items: 2 },
    })

    const laptop = createJar(name)
    await laptop.post('/login', { user, password: 'wonderland' })
    const devices = (await phone.get('/devices')) as { id: string; current: boolean }[]
    expect(devices.map(({ current }) => current).sort()).toEqual([false, true])
    await phone.post('/devices', { id: devices.find(({ current }) => !current)?.id ?? '' })
    expect(await laptop.status('/')).toBe(401)
    expect(await phone.status('/')).toBe(200)

    await laptop.post('/login', { user, password: 'wonderland' })
    await laptop.post('/devices', {})
    expect(await phone.status('/')).toBe(401)
    expect(await laptop.status('/')).toBe(200)

    expect(await laptop.post('/logout', {})).toMatchObject({ status: 303 })
    expect(await laptop.get('/cart')).toMatchObject({ messages: { notice: 'Bye' } })
    expect(await laptop.status('/')).toBe(401)
  })

  // A flood of made-up kids must not become one of requests for the gateway's keys.
  it('asked for the keys once in all that, unknown kids or not', async () => {
    for (let i = 0; i < 20; i++)
      expect(await ask(name, await token({ aud: name }, foreign, `made-up-${i}`))).toBe(401)
    expect(fetches.get(`/${name}`)).toBe(1)
  })

  it('looks for a kid that is new once its wait is over, and lets go of one that is gone', async () => {
    served = JSON.stringify({ keys: [publicPart(mine)] })
    const [first, second] = await Promise.all([token({ aud: name }), token({ aud: name }, foreign)])
    expect(await ask(`rotating ${name}`, first)).toBe(200)
    expect(await ask(`rotating ${name}`, second)).toBe(401)
    served = JSON.stringify({ keys: [publicPart(foreign)] })
    expect(await ask(`rotating ${name}`, second)).toBe(200)
    expect(await ask(`rotating ${name}`, first)).toBe(401)
  })
})

/** A browser as far as cookies go. */
function createJar(name: string) {
  let jar = ''
  const send = async (method: string, path: string, body?: string) => {
    const response = await rawFetch(worker.port, {
      method,
      path,
      host: `${name}.gateway.test`,
      headers: [
        ['Origin', `http://${name}.gateway.test`],
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ...(jar === '' ? [] : [['Cookie', jar] as const]),
      ],
      ...(body !== undefined && { body }),
    })
    const [pair] = response.header('set-cookie')?.split(';') ?? []
    if (pair !== undefined) jar = pair.endsWith('=') ? '' : pair
    return response
  }
  return {
    async post(path: string, form: Record<string, string>) {
      const response = await send('POST', path, new URLSearchParams(form).toString())
      return { status: response.status, location: response.header('location') }
    },
    get: async (path: string): Promise<unknown> => JSON.parse((await send('GET', path)).text),
    status: async (path: string) => (await send('GET', path)).status,
  }
}

async function listen(
  name: string,
  [command, ...args]: [string, ...string[]],
  env: Record<string, string>,
) {
  const child = spawn(command, args, {
    env: { ...process.env, ISSUER: 'http://gateway.test', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  for await (const line of createInterface(child.stdout)) {
    const [, port] = /^listening on (\d+)$/.exec(line) ?? []
    if (port === undefined) continue
    ports.set(name, Number(port))
    return
  }
  throw new Error(`${name} does not listen`)
}

/** Asks past the gateway, as whoever reaches the server some other way. */
async function ask(name: string, assertion: string | undefined): Promise<number> {
  const headers = assertion === undefined ? [] : [['Portcullis-Assertion', assertion] as const]
  return (await rawFetch(ports.get(name) ?? 0, { path: '/', headers })).status
}

const now = (): number => Math.floor(Date.now() / 1000)
const base64url = (value: object): string =>
  Buffer.from(JSON.stringify(value)).toString('base64url')

function claims(changed: object): Record<string, unknown> {
  return {
    iss: 'http://gateway.test',
    sub: 'ada',
    sid: 'sid',
    iat: now(),
    exp: now() + 60,
    ...changed,
  }
}

async function token(
  changed: object,
  jwk = mine,
  kid: string = JSON.parse(jwk).kid,
): Promise<string> {
  const key = await importJWK(JSON.parse(jwk), 'ES256')
  return new SignJWT(claims(changed))
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .sign(key)
}

function unsigned(header: object, body: object, signature: string): string {
  return `${base64url(header)}.${base64url(body)}.${signature}`
}

function swapped(jwt: string, changed: object): string {
  const [head = '', body = '', signature = ''] = jwt.split('.')
  const read = JSON.parse(Buffer.from(body, 'base64url').toString())
  return `${head}.${base64url({ ...read, ...changed })}.${signature}`
}

/** A verifier that takes the algorithm from the token would check an HMAC, with what everybody may know as its secret. */
async function hs256(name: string): Promise<string> {
  const secret = await exportSPKI(
    (await importJWK(publicPart(mine), 'ES256', { extractable: true })) as CryptoKey,
  )
  const head = `${base64url({ alg: 'HS256', kid: JSON.parse(mine).kid })}.${base64url(claims({ aud: name }))}`
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
}

/** Nobody but the gateway could make it; a verifier that takes it has let the token choose. */
async function misnamed(name: string): Promise<string> {
  const head = `${base64url({ alg: 'ES384', kid: JSON.parse(mine).kid })}.${base64url(claims({ aud: name }))}`
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('jwk', JSON.parse(mine), algorithm, false, ['sign'])
  return `${head}.${Buffer.from(await crypto.subtle.sign(algorithm, key, Buffer.from(head))).toString('base64url')}`
}

function publicPart(jwk: string): { kty: string } {
  const { d: _, ...rest } = JSON.parse(jwk)
  return rest
}

function order(nonce: string | undefined, data: object): string {
  return `${nonce}.${base64url({ start: { data } })}`
}
