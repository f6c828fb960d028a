/**
 * Attacks on the registration, on races with a login, and on verbs that need no proof. theft.test.ts
 * has what a thief does with copied cookies.
 */
import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { deviceBound, openSession, session, storedSessions } from '../../../src/session/index.ts'
import { type AtomicStore, memoryStore } from '../../../src/store/index.ts'
import { type Data, secret } from '../support.ts'
import {
  type App,
  BoundBrowser,
  base64url,
  bound,
  Device,
  encode,
  readChallenge,
  readOffer,
  siteOver,
} from './support.ts'

const [device, thiefs] = [new Device(), new Device()]
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const

/** A registration signed by an RSA key whose members a test writes as it likes. */
async function offerRsa(
  challenge: string,
  modulusLength: number,
  change: (jwk: { n: string; e: string }) => object,
): Promise<string> {
  const publicExponent = new Uint8Array([1, 0, 1])
  const made = crypto.subtle.generateKey({ ...rsa, modulusLength, publicExponent }, true, ['sign'])
  const { publicKey, privateKey } = (await made) as CryptoKeyPair
  const { n = '', e = '' } = (await crypto.subtle.exportKey('jwk', publicKey)) as JsonWebKey
  const jwk = { kty: 'RSA', ...change({ n, e }) }
  const input = `${encode({ alg: 'RS256', typ: 'dbsc+jwt', jwk })}.${encode({ jti: challenge })}`
  const signed = await crypto.subtle.sign(rsa.name, privateKey, new TextEncoder().encode(input))
  return `${input}.${base64url(new Uint8Array(signed))}`
}

/** The same number with zeros before it, so that it is as long as one of 2,048 bits. */
function padModulus(n: string): string {
  const text = atob(n.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(256)
  for (let i = 0; i < text.length; i++) bytes[256 - text.length + i] = text.charCodeAt(i)
  return base64url(bytes)
}

describe('a registration', () => {
  it('with a key that anybody could sign for, or that is known to others, binds nothing', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    const challenge = await visitor.login()
    const rows: Array<[string, string]> = [
      ['1,024 bits', await offerRsa(challenge, 1024, (jwk) => jwk)],
      [
        '1,024 bits after zeros',
        await offerRsa(challenge, 1024, ({ n, e }) => ({ n: padModulus(n), e })),
      ],
      ['an exponent of 1', await offerRsa(challenge, 2048, ({ n }) => ({ n, e: 'AQ' }))],
      ['an exponent of 3', await offerRsa(challenge, 2048, ({ n }) => ({ n, e: 'Aw' }))],
      ['a private part', await offerRsa(challenge, 2048, (jwk) => ({ ...jwk, d: 'AQAB' }))],
      [
        'a private part of P-256',
        await device.sign(
          { alg: 'ES256', typ: 'dbsc+jwt', jwk: { ...(await device.jwk()), d: 'AQAB' } },
          { jti: challenge },
        ),
      ],
    ]
    for (const [what, token] of rows) {
      expect([what, (await visitor.register(token)).status]).toEqual([what, 401])
      expect([what, heard()]).toEqual([what, ['session-bind-refused: key']])
    }
    const good = await offerRsa(challenge, 2048, (jwk) => jwk)
    expect((await visitor.register(good)).status).toBe(200)
  }, 30_000)

  it('is refused with a signature of another length, and nothing fails', async () => {
    const { browser, heard } = siteOver()
    const visitor = browser(device)
    const [header, payload] = (await device.offer(await visitor.login())).split('.')
    for (const bytes of [0, 1, 63, 65, 70, 128]) {
      const signature = base64url(new Uint8Array(bytes))
      const answer = await visitor.register(`${header}.${payload}.${signature}`)
      expect([bytes, answer.status]).toEqual([bytes, 401])
    }
    expect(new Set(heard())).toEqual(new Set(['session-bind-refused: signature']))
  })

  it('offers nothing for a login that ended within its request, and the last of two once', async () => {
    const app = createApp()
    const ended = await app.request('https://app.example.test/in-and-out', { method: 'POST' })
    expect(ended.headers.has('secure-session-registration')).toBe(false)

    const browser = new BoundBrowser(app, device)
    const twice = await browser.fetch('/twice', { method: 'POST' })
    expect((await browser.register(await device.offer(readOffer(twice)))).status).toBe(200)
    expect((await browser.prove()).status).toBe(200)
    expect(await browser.json('/who')).toEqual({ userId: 'bob' })
  })
})

/** Verbs that act on more than the session of a request. */
function createApp(): App {
  const sessions = storedSessions<Data>({
    secret,
    store: memoryStore(),
    user: (data) => data.userId,
    device: deviceBound(),
  })
  return new Hono()
    .use(session(sessions))
    .post('/login', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      return c.text('in')
    })
    .post('/in-and-out', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      await c.var.session.end()
      return c.text('out')
    })
    .post('/twice', async (c) => {
      await c.var.session.start({ userId: 'ada' })
      await c.var.session.start({ userId: 'bob' })
      return c.text('in')
    })
    .get('/who', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/list', async (c) => c.json(await c.var.session.list()))
    .post('/end/:id', async (c) => c.json(await c.var.session.endOne(c.req.param('id'))))
    .post('/end-others', async (c) => {
      await c.var.session.endAll({ exceptCurrent: true })
      return c.text('done')
    })
    .post('/end-all', async (c) => {
      await c.var.session.endAll()
      return c.text('done')
    })
}

describe('a thief with the session cookie alone', () => {
  it('sees and ends no other session of the user', async () => {
    const app = createApp()
    const [first, second] = [new BoundBrowser(app, device), new BoundBrowser(app, new Device())]
    await first.bind()
    await second.bind()
    const list = (await first.json('/list')) as Array<{ id: string; current: boolean }>
    const other = list.find(({ current }) => !current)
    const thief = first.copy(app, thiefs, ['__Host-session'])
    expect(await thief.json('/list')).toEqual([])
    expect(await thief.json(`/end/${other?.id}`, { method: 'POST' })).toBe(false)
    await thief.fetch('/end-others', { method: 'POST' })
    expect(await second.json('/who')).toEqual({ userId: 'ada' })
    // As with a sign-out, ending what the thief holds needs no proof.
    await thief.fetch('/end-all', { method: 'POST' })
    expect(await second.json('/who')).toEqual({ userId: 'ada' })
  })
})

// Chromium looks for a cookie of this name, and refreshes only where there is none.
describe('a bound cookie that does not count', () => {
  it.each(['junk', ''])('is taken away, so that the browser refreshes: %j', async (value) => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.set(bound, value)
    const answer = await visitor.fetch('/private')
    expect([answer.status, visitor.cookies.has(bound)]).toEqual([401, false])
    await visitor.prove()
    expect((await visitor.fetch('/private')).status).toBe(200)
  })

  it('of the session before is taken away by the registration', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const old = visitor.cookies.get(bound) ?? ''
    const challenge = await visitor.login()
    // The answer of a refresh that was under way during the login.
    visitor.cookies.set(bound, old)
    await visitor.register(await device.offer(challenge))
    expect(visitor.cookies.has(bound)).toBe(false)
  })

  it('fails no upgrade, which carries no cookie', async () => {
    const { browser, sessions } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    const cookie = `__Host-session=${visitor.cookies.get('__Host-session')}; ${bound}=junk`
    const request = new Request('https://app.example.test/socket', { headers: { cookie } })
    const handle = sessions.open({ request, env: {} })
    expect(await handle.get()).toBeUndefined()
    const upgraded = { status: 101, headers: new Headers() } as Response
    expect(await handle.flush(upgraded)).toBe(upgraded)
    expect([...upgraded.headers]).toEqual([])
  })

  it('is left alone by a reader that may write no cookie', async () => {
    const { browser, sessions } = siteOver()
    const visitor = browser(device)
    await visitor.bind()
    visitor.cookies.set(bound, 'junk')
    // As Next's cookies() in a Server Component.
    const cookies = {
      get: (name: string) => ({ value: visitor.cookies.get(name) ?? '' }),
      set: () => {
        throw new Error('Cookies can only be modified in a Server Action or Route Handler.')
      },
    }
    expect(await openSession(sessions, { cookies } as never).get()).toBeUndefined()
  })

  it('is left alone where the session counts, or is not bound', async () => {
    const { browser } = siteOver()
    const visitor = browser(device)
    await visitor.login()
    visitor.cookies.set(bound, 'junk')
    expect((await visitor.fetch('/private')).headers.getSetCookie()).toEqual([])
    visitor.cookies.delete(bound)
    await visitor.bind()
    expect((await visitor.fetch('/private')).headers.getSetCookie()).toEqual([])
  })
})

/** A store that fails at one call, before or after it has done its work. */
function failAt(fault: { call: number; after: boolean }): AtomicStore {
  const memory = memoryStore() as unknown as Record<string, (...args: never[]) => Promise<unknown>>
  let calls = 0
  const wrap = (verb: string) => {
    return async (...args: never[]) => {
      calls += 1
      const fails = fault.call > 0 && calls === fault.call
      if (fails && !fault.after) throw new Error('connection refused')
      const result = await memory[verb]?.(...args)
      if (fails) throw new Error('connection reset')
      return result
    }
  }
  const verbs = ['read', 'replace', 'create', 'rotate', 'end'].map((verb) => [verb, wrap(verb)])
  return { ...memory, ...Object.fromEntries(verbs) } as unknown as AtomicStore
}

describe.each([false, true])('a store that fails after its work: %j', (after) => {
  // 1: the login. 2, 3: the registration. 4, 5: the proof.
  it.each([2, 3, 4, 5])('at call %i leaves a session that works', async (call) => {
    const { browser } = siteOver({}, { clock: Date.now, store: failAt({ call, after }) })
    const visitor = browser(device)
    const registered = await visitor.register(await device.offer(await visitor.login()))
    if (call < 4) {
      // Chromium does not offer a key twice: the session stays as it was before.
      expect(registered.status).toBe(503)
      expect(await visitor.json('/who')).toMatchObject({ info: { bound: false } })
      return
    }

    const statuses: number[] = []
    for (let round = 0; round < 4 && statuses.at(-1) !== 200; round++) {
      const asked = await visitor.refresh()
      statuses.push(asked.status)
      if (asked.status !== 403) continue
      statuses.push((await visitor.refresh(await device.prove(readChallenge(asked)))).status)
    }
    expect(statuses.filter((status) => ![200, 403, 503].includes(status))).toEqual([])
    expect(statuses.at(-1)).toBe(200)
    expect(await visitor.json('/who')).toMatchObject({ info: { bound: true } })
  })
})
