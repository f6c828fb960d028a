import { describe, expect, it } from 'vitest'
import { keyRing } from '../../src/crypto/index.ts'
import { sealer } from '../../src/crypto/seal.ts'
import { createIssues } from '../../src/options/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { handled, kinds, mapStore, memoryAt, siteWith } from './stored-support.ts'
import {
  type Data,
  hours,
  minutes,
  noon,
  otherSecret,
  ourCookie,
  secret,
  sessionsAt,
} from './support.ts'

describe.each(kinds)('a stored session in %s', (_, make) => {
  function site(options: Parameters<typeof siteWith>[1] = {}) {
    const clock = { now: noon }
    const store = handled(make(clock))
    return { ...siteWith(store.store, options, clock), calls: store.calls }
  }

  it('counts 1, 2, 3 under one cookie, which is sent once', async () => {
    const visitor = site().visitor()
    const seen = []
    for (let n = 0; n < 3; n++) {
      seen.push(
        await visitor.visit((s) =>
          s.update((data) => ({ ...data, visits: (data?.visits ?? 0) + 1 })),
        ),
      )
    }
    expect(seen.map(({ body }) => body.visits)).toEqual([1, 2, 3])
    expect(seen.map(({ cookies }) => cookies.length)).toEqual([1, 0, 0])
  })

  it('has a cookie with the defaults that production wants, for its whole life', async () => {
    const { response } = await site().visitor().login()
    expect(ourCookie(response)?.attributes).toEqual([
      'Max-Age=28800',
      'Path=/',
      'Secure',
      'HttpOnly',
      'SameSite=Lax',
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it('is not asked for without a cookie, whether the handler looks or not', async () => {
    const { visitor, calls } = site()
    const looked = await visitor().visit((s) => s.get())
    expect([looked.body, looked.cookies]).toEqual([null, []])
    const ignored = await visitor().visit(() => undefined)
    expect(ignored.response.headers.has('vary')).toBe(false)
    expect(calls).toEqual([])
  })

  it.each([
    ['empty', ''],
    ['a word', 'hello'],
    ['no base64', 'a.b.c.d.%%%'],
    ['of 12 kB', 'x'.repeat(12_000)],
    ['another version', `Fe26.2*${'x'.repeat(200)}`],
  ])('is not asked for with a forged cookie (%s)', async (_, value) => {
    const { visitor, calls, heard } = site()
    const forger = visitor()
    forger.cookies.set('__Host-session', value)
    const { body, status, cookies } = await forger.visit((s) => s.get())
    expect([status, body, cookies]).toEqual([200, null, []])
    expect(calls).toEqual([])
    expect(heard()).toEqual([
      expect.stringMatching(/^session-rejected: (?:malformed|too-long|tampered)$/),
    ])
  })

  it('with any one character of its cookie changed is not asked for', async () => {
    const { visitor, calls } = site()
    const owner = visitor()
    await owner.login()
    const value = owner.cookies.get('__Host-session') ?? ''
    calls.length = 0
    for (let at = 0; at < value.length; at += 7) {
      const forger = visitor()
      const other = value[at] === 'A' ? 'B' : 'A'
      forger.cookies.set('__Host-session', `${value.slice(0, at)}${other}${value.slice(at + 1)}`)
      expect(await forger.get()).toBe(null)
    }
    expect(calls).toEqual([])
  })

  it('is read once however many ask, and a mere read sets no cookie and says that it varies', async () => {
    const { visitor, calls, clock } = site()
    const owner = visitor()
    await owner.login()
    calls.length = 0
    clock.now += 30 * minutes
    const { body, cookies, response } = await owner.visit((s) =>
      Promise.all([s.get(), s.get(), s.info(), s.get()]),
    )
    expect(body[0]).toEqual({ userId: 'ada' })
    expect(calls.filter((verb) => verb === 'read' || verb === 'get')).toHaveLength(1)
    expect(cookies).toEqual([])
    expect(response.headers.get('vary')).toBe('Cookie')
    expect(response.headers.get('cache-control')).toBe('private, no-store')
  })

  it('brings back every kind of JSON value as it was, and odd names as ordinary data', async () => {
    const data = JSON.parse(
      '{"n":1.5,"s":"ü\\u0000","b":false,"z":null,"a":[1,[]],"save":1,"id":"x","constructor":2,"iat":3,"exp":0,"sid":"y"}',
    )
    const visitor = site().visitor()
    await visitor.visit((s) => s.start(data))
    const { body } = await visitor.visit(async (s) => [await s.get(), await s.info()])
    expect(body[0]).toEqual(data)
    expect(body[1]).toMatchObject({ createdAt: noon, expiresAt: noon + 8 * hours })
  })

  it('several changes are one write; none, or the same values, are no write', async () => {
    const { visitor, calls } = site()
    const owner = visitor()
    await owner.login()
    calls.length = 0
    await owner.visit((s) => {
      s.set('theme', 'dark')
      s.set('cart', ['a'])
      s.set('theme', 'light')
    })
    const writes = () => calls.filter((verb) => verb === 'replace' || verb === 'set').length
    expect(writes()).toBe(1)
    await owner.visit((s) => s.set('theme', 'light'))
    await owner.visit((s) => s.update((data) => ({ ...data })))
    expect(writes()).toBe(1)
    expect(await owner.get()).toEqual({ userId: 'ada', theme: 'light', cart: ['a'] })
  })

  it('that lost its last member is an empty one, with the same id', async () => {
    const visitor = site().visitor()
    const before = await visitor.visit(async (s) => {
      await s.update(() => ({ theme: 'dark' }))
      return s.info()
    })
    await visitor.visit((s) => s.unset('theme'))
    const after = await visitor.visit(async (s) => [await s.get(), await s.info()])
    expect(after.body[0]).toEqual({})
    expect(after.body[1].id).toBe(before.body.id)
  })

  it('holds more than a cookie could', async () => {
    const visitor = site().visitor()
    const cart = Array.from({ length: 500 }, (_, n) => `thing number ${n}`)
    await visitor.visit((s) => s.start({ cart }))
    expect(await visitor.get()).toEqual({ cart })
    expect(visitor.cookies.get('__Host-session')?.length).toBeLessThan(500)
  })

  it('loses what was only set when the handler throws, and keeps what was committed', async () => {
    const visitor = site().visitor()
    await visitor.login()
    const failed = await visitor.visit(async (s) => {
      s.set('theme', 'dark')
      await s.commit()
      s.set('theme', 'light')
      throw new Error('later')
    })
    expect(failed.status).toBe(500)
    expect(await visitor.get()).toEqual({ userId: 'ada', theme: 'dark' })
  })

  it('that started before the handler threw has its cookie on the error page', async () => {
    const visitor = site().visitor()
    const failed = await visitor.visit(async (s) => {
      await s.start({ userId: 'ada' })
      throw new Error('later')
    })
    expect([failed.status, failed.cookies.length]).toEqual([500, 1])
    expect(await visitor.get()).toEqual({ userId: 'ada' })
  })

  it('is another one for every cookie name, and none for another kind of session with the same secret', async () => {
    const { visitor, clock, heard } = site()
    const owner = visitor()
    await owner.login()
    heard()
    const stored = owner.cookies.get('__Host-session') ?? ''
    // curl -H 'Cookie: __Host-session=<sealed by a statelessSessions of the same secret>'
    const stateless = sessionsAt()
    const headers = new Headers()
    const request = new Request('https://app.example.test/')
    await stateless.sessions.start({ context: { request, headers }, data: { userId: 'eve' } })
    const forger = visitor()
    forger.cookies.set(
      '__Host-session',
      headers.getSetCookie()[0]?.split(';')[0]?.slice('__Host-session='.length) ?? '',
    )
    expect(await forger.get()).toBe(null)
    expect(heard()).toEqual(['session-rejected: tampered'])
    // After a switch of kinds such a cookie is worth nothing: the next write replaces it.
    expect((await forger.visit((s) => s.update(() => ({ visits: 1 })))).cookies).toHaveLength(1)
    // And the other way round.
    const context = {
      request: new Request(request, { headers: { cookie: `__Host-session=${stored}` } }),
    }
    expect(await statelessSessions<Data>({ secret, clock: () => clock.now }).get({ context })).toBe(
      undefined,
    )
    const other = siteWith(mapStore(), { name: 'other' }).visitor()
    other.cookies.set('__Host-other', stored)
    expect(await other.get()).toBe(null)
  })

  it('of another stage is none', async () => {
    const clock = { now: noon }
    const store = make(clock)
    const staging = siteWith(store, { audience: 'staging' }, clock).visitor()
    await staging.login()
    const visitor = siteWith(store, { audience: 'production' }, clock).visitor()
    visitor.cookies.set('__Host-session', staging.cookies.get('__Host-session') ?? '')
    expect(await visitor.get()).toBe(null)
  })
})

describe.each(kinds)('secrets rotate (%s)', (_, make) => {
  function deployments() {
    const clock = { now: noon }
    const store = make(clock)
    return {
      clock,
      old: siteWith(store, { secret }, clock),
      both: siteWith(store, { secret: [otherSecret, secret] }, clock),
      fresh: siteWith(store, { secret: otherSecret }, clock),
    }
  }

  it('what the older one sealed opens, and what is written carries the newest', async () => {
    const { old, both, fresh } = deployments()
    const visitor = old.visitor()
    await visitor.login()
    const after = both.visitor()
    after.cookies.set('__Host-session', visitor.cookies.get('__Host-session') ?? '')
    expect((await after.visit((s) => s.set('theme', 'dark'))).cookies).toEqual([])
    expect(await after.get()).toEqual({ userId: 'ada', theme: 'dark' })
    // The record is under the new secret now: a deployment that has only the old one leaves everything alone.
    expect(await visitor.get()).toBe(null)
    expect(old.heard()).toContain('session-rejected: unknown-key')
    await after.login()
    const last = fresh.visitor()
    last.cookies.set('__Host-session', after.cookies.get('__Host-session') ?? '')
    expect(await last.get()).toEqual({ userId: 'ada' })
  })

  // A gradual deploy: this isolate does not have the key yet. Logging everybody out, or writing over the record with
  // what it knows, would both be wrong.
  it('a cookie under a key that is not known yet is left alone', async () => {
    const { old, fresh } = deployments()
    const owner = fresh.visitor()
    await owner.login()
    const here = old.visitor()
    here.cookies.set('__Host-session', owner.cookies.get('__Host-session') ?? '')
    const read = await here.visit(async (s) => {
      const data = await s.get()
      s.flash('notice', 'lost')
      return data
    })
    expect([read.body, read.cookies]).toEqual([null, []])
    expect(old.heard()).toEqual([
      'session-rejected: unknown-key',
      'session-write-dropped: unknown-key',
    ])
    const update = await here.visit((s) => s.update(() => ({})))
    expect([update.status, update.cookies]).toEqual([503, []])
    expect(await owner.get()).toEqual({ userId: 'ada' })
    // Only start and end replace it.
    expect((await here.logout()).cookies[0]).toMatch(/^__Host-session=; Max-Age=0/)
  })

  it('a record under such a key is left alone as well, though its cookie opens', async () => {
    const { old, both } = deployments()
    const owner = old.visitor()
    await owner.login()
    const there = both.visitor()
    there.cookies.set('__Host-session', owner.cookies.get('__Host-session') ?? '')
    await there.visit((s) => s.set('theme', 'dark'))
    const update = await owner.visit((s) => s.update(() => ({ theme: 'lost' })))
    expect([update.status, update.cookies]).toEqual([503, []])
    expect(await there.get()).toEqual({ userId: 'ada', theme: 'dark' })
  })
})

describe('what a store returns is judged', () => {
  it.each([
    ['nothing that can be read', () => 'garbage'],
    [
      'an older record under its newer version',
      (now: string, old: string) => mixed(now, { d: JSON.parse(old).d }),
    ],
    ['the right record under another version', (now: string) => mixed(now, { v: '7' })],
    ['no record', (now: string) => mixed(now, { d: '' })],
    ['times that are no numbers', (now: string) => mixed(now, { t: 'x' })],
  ])('%s reads as no session, and no cookie is set', async (_, tamper) => {
    const store = mapStore()
    const { visitor } = siteWith(store)
    const owner = visitor()
    await owner.login()
    const [key = ''] = store.rows.keys()
    const old = store.rows.get(key) ?? ''
    await owner.visit((s) => s.set('theme', 'dark'))
    store.rows.set(key, tamper(store.rows.get(key) ?? '', old))
    const { status, body, cookies } = await owner.visit((s) => s.get())
    expect([status, body, cookies]).toEqual([200, null, []])
  })

  // A writer of the store copies the administrator's record over their own, and comes back with their own cookie.
  it('two records that were swapped open nothing', async () => {
    const store = mapStore()
    const { visitor, heard } = siteWith(store)
    const [admin, eve] = [visitor(), visitor()]
    await admin.login('admin')
    await eve.login('eve')
    const [one = '', two = ''] = store.rows.keys()
    const [first = '', second = ''] = store.rows.values()
    store.rows.set(one, second)
    store.rows.set(two, first)
    heard()
    expect([await admin.get(), await eve.get()]).toEqual([null, null])
    expect(heard()).toEqual(['session-rejected: invalid-data', 'session-rejected: invalid-data'])
  })

  // Whoever has the secret and another program may seal what they like under it; it must not crash ours.
  it.each([['null'], ['[]'], ['"text"'], ['no json'], ['{}'], ['{"i":5}'], ['{"i":"x","u":1}']])(
    'a cookie that seals %s is no session',
    async (json) => {
      const { visitor, clock } = siteWith(mapStore())
      const ring = keyRing(secret, createIssues('test'))
      const seals = sealer(ring, {
        purpose: 'session',
        name: '__Host-session stored',
        lifetime: 28_800,
        clock: () => clock.now,
      })
      const forger = visitor()
      forger.cookies.set('__Host-session', await seals.seal(json))
      const { status, body, cookies } = await forger.visit((s) => s.get())
      expect([status, body, cookies]).toEqual([200, null, []])
      // The same under the name that a stateless cookie's seal has.
      const plain = sealer(ring, {
        purpose: 'session',
        name: '__Host-session',
        lifetime: 28_800,
        clock: () => clock.now,
      })
      const headers = { cookie: `__Host-session=${await plain.seal(json)}` }
      const context = { request: new Request('https://app.example.test/', { headers }) }
      const stateless = statelessSessions<Data>({ secret, clock: () => clock.now })
      expect(await stateless.get({ context })).toBe(undefined)
    },
  )

  it.each([['null'], ['[]'], ['"text"'], ['no json'], ['{}']])(
    'a record that seals %s is no session',
    async (json) => {
      const store = mapStore()
      const { visitor, clock } = siteWith(store)
      const owner = visitor()
      await owner.login()
      const [key = '', row = ''] = [...store.rows].flat()
      const records = sealer(keyRing(secret, createIssues('test')), {
        purpose: 'record',
        name: '__Host-session',
        lifetime: 28_800,
        clock: () => clock.now,
      })
      store.rows.set(key, mixed(row, { d: await records.seal(json) }))
      const { status, body } = await owner.visit((s) => s.get())
      expect([status, body]).toEqual([200, null])
    },
  )
})

describe('a schema that the stored data does not fit', () => {
  const strict = (cart: boolean) => ({
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        cart && !Object.hasOwn(value as object, 'cart')
          ? { issues: [{ message: 'no cart', path: ['cart'] }] }
          : { value: value as Data },
    },
  })

  it('reads as no session, and neither row nor cookie is replaced', async () => {
    const clock = { now: noon }
    const store = memoryAt(clock)
    const [before, after] = [false, true].map((cart) =>
      siteWith(store, { schema: strict(cart) }, clock),
    )
    const owner = before?.visitor()
    await owner?.login()
    const here = after?.visitor()
    here?.cookies.set('__Host-session', owner?.cookies.get('__Host-session') ?? '')
    const read = await here?.visit(async (s) => {
      const data = await s.get()
      s.flash('notice', 'lost')
      return data
    })
    expect([read?.body, read?.cookies]).toEqual([null, []])
    expect(after?.heard()).toEqual([
      'session-rejected: invalid-data',
      'session-write-dropped: invalid-data',
    ])
    expect((await here?.visit((s) => s.update(() => ({ cart: [] }))))?.status).toBe(503)
    expect(await owner?.get()).toEqual({ userId: 'ada' })
    // A login is no mere write.
    expect((await here?.visit((s) => s.start({ userId: 'ada', cart: [] })))?.cookies).toHaveLength(
      1,
    )
  })

  it('refuses what does not fit when it is written', async () => {
    const { visitor } = siteWith(mapStore(), { schema: strict(true) })
    expect((await visitor().visit((s) => s.start({ userId: 'ada' }))).status).toBe(500)
  })
})

it('cookies of our name twice: none is used, and the store is not asked', async () => {
  const store = handled(mapStore())
  const { visitor } = siteWith(store.store)
  const owner = visitor()
  await owner.login()
  const value = owner.cookies.get('__Host-session') ?? ''
  store.calls.length = 0
  const forger = visitor()
  forger.cookies.set('__Host-session', `${value}; __Host-session=${value}`)
  expect(await forger.get()).toBe(null)
  expect(store.calls).toEqual([])
})

/** A row of the simplest store with other members. */
function mixed(row: string, members: object): string {
  return JSON.stringify({ ...JSON.parse(row), ...members })
}
