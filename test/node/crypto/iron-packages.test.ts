import HapiIron from '@hapi/iron'
import { Hono } from 'hono'
import { CookieStore, type Session, sessionMiddleware } from 'hono-sessions'
import { getIronSession, sealData, unsealData } from 'iron-session'
import * as WebIron from 'iron-webcrypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openHonoSession, openIron, openIronSession } from '../../../src/crypto/index.ts'
import { noon } from '../../crypto/support.ts'

const password = 'q8Tz3LmV7xWcR2bNp5KdJ9hYs4GfA6uE'
const other = 'V5kXw2Jb8ZrQn4TdM9pFyC3hLs7GaE6u'
const key = Buffer.from(Array.from({ length: 32 }, (_, at) => at * 7))
const data = { itemId: 'clx1', listKey: 'User', n: 3, 'ü 🦭': ['x', null, true, { deep: 1.5 }] }
const hour = 3600_000

// Iron takes the time from Date.now: that of these tests stands still until it is set.
const { now: realNow } = Date
let now = noon
const clock = (): number => now
beforeEach(() => {
  now = noon
  Date.now = clock
})
afterEach(() => {
  Date.now = realNow
})

/** Everything that may happen to a seal on its way. */
function changesOf(token: string): string[] {
  const parts = token.split('*')
  const changed = parts.flatMap((part, at) => {
    const put = (text: string): string => parts.map((own, i) => (i === at ? text : own)).join('*')
    const flipped = part && (part.startsWith('A') ? `B${part.slice(1)}` : `A${part.slice(1)}`)
    return [
      put(flipped),
      put(part.slice(1)),
      put(`${part}0`),
      put(''),
      put(`${part}*`),
      put(`${part}=`),
    ]
  })
  const cut = Array.from({ length: 20 }, (_, i) =>
    token.slice(0, Math.floor((token.length * i) / 20)),
  )
  return [...changed, ...cut, ` ${token}`, `${token}*`, token.slice(1)].filter(
    (text) => text !== token,
  )
}

async function opens(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  )
}

describe.each([
  ['@hapi/iron', HapiIron.seal, HapiIron.unseal, HapiIron.defaults],
  ['iron-webcrypto', WebIron.seal, WebIron.unseal, WebIron.defaults],
] as const)('%s', (_, seal, unseal, defaults) => {
  const sealed = seal as (data: unknown, by: unknown, options: object) => Promise<string>
  const unsealed = unseal as (token: string, by: unknown, options: object) => Promise<unknown>

  it.each([
    ['as Keystone seals', password, password, password],
    ['with an id', { id: 'k1', secret: password }, { k1: password }, { k1: password }],
    ['with the default of a map', password, { default: password }, { default: password }],
    ['with a key', key, key, new Uint8Array(key)],
  ])('%s: opens', async (_, by, theirs, ours) => {
    const token = await sealed(data, by, { ...defaults, ttl: hour })
    expect(await unsealed(token, theirs, defaults)).toEqual(data)
    const opened = await openIron(token, ours, { clock })
    expect(opened).toEqual({
      json: JSON.stringify(data),
      expiresAt: noon + hour,
      mac: token.split('*')[7],
    })
  })

  it('every size opens', async () => {
    for (let size = 0; size < 3000; size += 97) {
      const text = 'x'.repeat(size)
      const opened = await openIron(await sealed(text, password, defaults), password, { clock })
      expect(opened).toMatchObject({ json: JSON.stringify(text) })
    }
  })

  it.each([-hour, -1, 0, 1, 59_999, 60_000, 60_001, hour])(
    '%s ms after its end it opens here iff it opens there',
    async (late) => {
      const token = await sealed(data, password, { ...defaults, ttl: hour })
      now = noon + hour + late
      const theirs = await opens(unsealed(token, password, defaults))
      expect(theirs).toBe(late < 60_000)
      const ours = await openIron(token, password, { clock })
      expect('json' in ours).toBe(theirs)
      if (!theirs) expect(ours).toEqual({ refused: 'expired' })
    },
  )

  it('what it refuses is refused here', async () => {
    const token = await sealed(data, { id: 'k1', secret: password }, { ...defaults, ttl: hour })
    const changes = changesOf(token)
    let refused = 0
    for (const changed of changes) {
      if (!(await opens(unsealed(changed, { k1: password }, defaults)))) refused++
      expect(await openIron(changed, { k1: password }, { clock })).toHaveProperty('refused')
    }
    expect(refused).toBeGreaterThan(60)
    for (const passwords of [{ k1: other }, { k2: password }, {}, { k1: password.slice(1) }]) {
      expect(await opens(unsealed(token, passwords, defaults))).toBe(false)
      expect(await openIron(token, passwords, { clock })).toHaveProperty('refused')
    }
  })

  it.each([
    ['rounds', { encryption: { ...defaults.encryption, iterations: 2 } }],
    ['rounds of the MAC', { integrity: { ...defaults.integrity, iterations: 2 } }],
    ['cipher', { encryption: { ...defaults.encryption, algorithm: 'aes-128-ctr' } }],
  ])('seals made with other %s are refused, as its defaults refuse them', async (_, options) => {
    const token = await sealed(data, password, { ...defaults, ...options })
    expect(await opens(unsealed(token, password, defaults))).toBe(false)
    expect(await openIron(token, password, { clock })).toHaveProperty('refused')
  })
})

it('@hapi/iron refuses a member named __proto__, and so do we', async () => {
  const token = await HapiIron.seal(
    JSON.parse('{"a":{"__proto__":{"admin":true}}}'),
    password,
    HapiIron.defaults,
  )
  expect(await opens(HapiIron.unseal(token, password, HapiIron.defaults))).toBe(false)
  expect(await openIron(token, password, { clock })).toEqual({ refused: 'malformed' })
})

describe('iron-session', () => {
  it.each<[string, string | Record<string, string>]>([
    ['a password', password],
    ['passwords by id', { 1: other, 2: password }],
  ])('a seal made with %s opens', async (_, by) => {
    const token = await sealData(data, { password: by })
    expect(token.endsWith('~2')).toBe(true)
    const opened = await openIronSession(token, by, { clock })
    expect(opened).toMatchObject({ json: JSON.stringify(data), expiresAt: noon + 14 * 24 * hour })
  })

  it('a cookie that it set opens', async () => {
    const jar = new Map<string, string>()
    const cookies = {
      get: (name: string) => ({ name, value: jar.get(name) ?? '' }),
      set: (name: string, value: string) => void jar.set(name, value),
    }
    const stored = await getIronSession<{ user?: string }>(cookies as never, {
      cookieName: 'sid',
      password,
    })
    stored.user = 'u1'
    await stored.save()
    expect(await openIronSession(jar.get('sid') ?? '', password, { clock })).toMatchObject({
      json: '{"user":"u1"}',
    })
  })

  it('what it reads as no session is none here', async () => {
    const token = await sealData(data, { password, ttl: 3600 })
    for (const changed of [
      ...changesOf(token.slice(0, -2)).map((seal) => `${seal}~2`),
      `x${token}`,
    ]) {
      expect(await openIronSession(changed, password, { clock })).toHaveProperty('refused')
    }
    const plain = await HapiIron.seal(data, password, HapiIron.defaults)
    const foreign: [string, string | Record<string, string>][] = [
      [token, other],
      [token, { 2: password }],
      [plain, password],
    ]
    for (const [seal, by] of foreign) {
      expect(await unsealData(seal, { password: by })).toEqual({})
      expect(await openIronSession(seal, by, { clock })).toHaveProperty('refused')
    }
    now = noon + hour + 60_000
    expect(await unsealData(token, { password })).toEqual({})
    expect(await openIronSession(token, password, { clock })).toEqual({ refused: 'expired' })
  })
})

describe('hono-sessions', () => {
  type Env = { Variables: { session: Session<{ userId: string; cart: string[]; notice: string }> } }

  function appOf(expireAfterSeconds?: number): Hono<Env> {
    const app = new Hono<Env>()
    const store = new CookieStore()
    const end = expireAfterSeconds === undefined ? {} : { expireAfterSeconds }
    app.use(
      sessionMiddleware({
        store,
        encryptionKey: password,
        cookieOptions: { path: '/' },
        ...end,
      }) as never,
    )
    app.get('/', (c) => {
      c.var.session.set('userId', 'u1')
      c.var.session.set('cart', ['a', 'b'])
      c.var.session.flash('notice', 'Welcome')
      return c.text('')
    })
    app.get('/logout', (c) => {
      c.var.session.deleteSession()
      return c.text('')
    })
    app.get('/read', (c) => c.json(c.var.session.get('userId')))
    return app
  }

  async function cookieOf(app: Hono<Env>, path: string, cookie?: string): Promise<string> {
    const headers: HeadersInit = cookie === undefined ? {} : { Cookie: `session=${cookie}` }
    const set = (await app.request(path, { headers })).headers.getSetCookie().at(-1) ?? ''
    return decodeURIComponent(set.slice('session='.length, set.indexOf(';')))
  }

  it('a cookie that it set opens: the values, and its own end', async () => {
    const cookie = await cookieOf(appOf(900), '/')
    const opened = await openHonoSession(cookie, password, { clock })
    expect(opened).toMatchObject({ json: '{"userId":"u1","cart":["a","b"],"notice":"Welcome"}' })
    expect(opened).toHaveProperty('mac', cookie.split('*')[7])
    expect((opened as { expiresAt: number }).expiresAt).toBe(noon + 900_000)
  })

  it('a cookie without an end opens without one', async () => {
    expect(await openHonoSession(await cookieOf(appOf(), '/'), password, { clock })).toHaveProperty(
      'expiresAt',
      undefined,
    )
  })

  it('what it reads as no session is none here', async () => {
    const app = appOf(900)
    const cookie = await cookieOf(app, '/')
    const reads = async (value: string): Promise<unknown> =>
      (await app.request('/read', { headers: { Cookie: `session=${value}` } })).json()
    expect(await reads(cookie)).toBe('u1')
    const over = await cookieOf(app, '/logout', cookie)
    for (const changed of [...changesOf(cookie), over]) {
      expect(await openHonoSession(changed, password, { clock })).toHaveProperty('refused')
    }
    expect(await openHonoSession(cookie, other, { clock })).toEqual({ refused: 'tampered' })
    now = noon + 900_000
    expect(await reads(cookie)).toBe(null)
    expect(await openHonoSession(cookie, password, { clock })).toEqual({ refused: 'expired' })
  })
})
