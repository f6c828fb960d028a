import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { session, statelessSessions } from '../../src/session/index.ts'
import { countCrypto } from '../crypto/support.ts'
import { Browser, type Data, ourCookie, secret, sessionsAt } from './support.ts'

/** An app that answers errors with their code, around one handler. */
function appWith(
  handler: (s: import('../../src/session/index.ts').SessionHandle<Data>) => unknown,
  options: Parameters<typeof sessionsAt>[0] = {},
) {
  const made = sessionsAt(options)
  const app = new Hono()
    .onError((error, c) =>
      c.json({ code: (error as { code?: string }).code, message: error.message }, 500),
    )
    .use(session(made.sessions))
    .get('/login', async (c) =>
      c.json((await c.var.session.start({ userId: 'ada', cart: ['a'] })) ?? null),
    )
    .get('/', async (c) => c.json((await handler(c.var.session)) ?? null))
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
  return { ...made, browser: new Browser(app) }
}

describe('set and unset', () => {
  it('several changes are one write and one cookie', async () => {
    const { browser } = appWith((s) => {
      s.set('theme', 'dark')
      s.set('visits', 1)
      s.set('visits', 2)
      s.unset('cart')
    })
    await browser.fetch('/login')
    let response: Response | undefined
    const counts = await countCrypto(async () => {
      response = await browser.fetch('/')
    })
    expect(counts.encrypt).toBe(1)
    expect(response && ourCookie(response)?.value).toMatch(/^eyJ/)
    expect(await browser.json('/read')).toEqual({ userId: 'ada', theme: 'dark', visits: 2 })
  })

  it('setting an equal value is no change', async () => {
    const { browser } = appWith((s) => {
      s.set('cart', ['a'])
      s.unset('theme')
    })
    await browser.fetch('/login')
    expect((await browser.fetch('/')).headers.getSetCookie()).toEqual([])
  })

  it('get returns earlier changes of the same request', async () => {
    const { browser } = appWith(async (s) => {
      s.set('theme', 'dark')
      return s.get()
    })
    await browser.fetch('/login')
    expect(await browser.json('/')).toEqual({ userId: 'ada', cart: ['a'], theme: 'dark' })
  })

  it('without a session throw at once where no cookie came', async () => {
    const { browser } = appWith((s) => {
      try {
        s.set('theme', 'dark')
      } catch (error) {
        return (error as { code?: string }).code
      }
      return 'nothing thrown'
    })
    expect(await browser.json('/')).toBe('ERR_SESSION_NOT_STARTED')
  })

  it('without a session fail the answer where a cookie came that is none', async () => {
    const { browser } = appWith((s) => s.set('theme', 'dark'))
    browser.cookies.set('__Host-session', 'not-a-session')
    expect(await browser.json('/')).toMatchObject({ code: 'ERR_SESSION_NOT_STARTED' })
  })

  it('without a session make one where `initial` says how', async () => {
    const { browser } = appWith((s) => s.set('theme', 'dark'), { initial: () => ({ visits: 0 }) })
    await browser.fetch('/')
    expect(await browser.json('/read')).toEqual({ visits: 0, theme: 'dark' })
  })

  it('take what they were given, not what became of it', async () => {
    const { browser } = appWith((s) => {
      const cart = ['x']
      s.set('cart', cart)
      cart.push('y')
    })
    await browser.fetch('/login')
    await browser.fetch('/')
    expect(await browser.json('/read')).toMatchObject({ cart: ['x'] })
  })
})

describe('update', () => {
  it('makes a session, changes one, and returns what was stored', async () => {
    const { browser } = appWith((s) => s.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 })))
    expect(await browser.json('/')).toEqual({ visits: 1 })
    expect(await browser.json('/')).toEqual({ visits: 2 })
  })

  it('applies first what was set before it', async () => {
    const { browser } = appWith((s) => {
      s.set('visits', 10)
      return s.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 }))
    })
    await browser.fetch('/login')
    expect(await browser.json('/')).toMatchObject({ visits: 11 })
  })

  it('to the same data is no change', async () => {
    const { browser } = appWith((s) => s.update((d) => ({ ...d })))
    await browser.fetch('/login')
    expect((await browser.fetch('/')).headers.getSetCookie()).toEqual([])
  })

  it('started several times at once runs one after the other', async () => {
    const { browser } = appWith((s) =>
      Promise.all([1, 2, 3].map(() => s.update((d) => ({ ...d, visits: (d?.visits ?? 0) + 1 })))),
    )
    expect(await browser.json('/')).toEqual([{ visits: 1 }, { visits: 2 }, { visits: 3 }])
    expect(await browser.json('/read')).toEqual({ visits: 3 })
  })

  it('whose function throws changes nothing, and what was set before is not lost', async () => {
    const { browser } = appWith(async (s) => {
      s.set('theme', 'dark')
      await s
        .update(() => {
          throw new RangeError('mine')
        })
        .catch(() => {})
    })
    await browser.fetch('/login')
    await browser.fetch('/')
    expect(await browser.json('/read')).toEqual({ userId: 'ada', cart: ['a'], theme: 'dark' })
  })
})

describe('data that JSON cannot carry', () => {
  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  class Money {
    amount = 1
  }
  it.each([
    ['a Date', { at: new Date(0) }, 'at.at'],
    ['a Map', new Map(), 'visits'],
    ['a bigint', { n: 1n }, 'visits.n'],
    ['a function', { f: () => 1 }, 'visits.f'],
    ['NaN', [1, Number.NaN], 'visits[1]'],
    ['infinity', { deep: [{ x: Number.POSITIVE_INFINITY }] }, 'visits.deep[0].x'],
    ['a class instance', new Money(), 'Money'],
    ['a symbol', { s: Symbol('x') }, 'visits.s'],
    ['a hole in an array', Array(2), 'visits[0]'],
    ['undefined', undefined, 'undefined'],
    ['a cycle', cyclic, 'cycle'],
    ['something with toJSON', { toJSON: () => 1 }, 'toJSON'],
    ['a member called __proto__', JSON.parse('{"__proto__": {"admin": true}}'), '__proto__'],
  ])('%s is refused when it is set, with its place', async (_, value, place) => {
    const { browser } = appWith((s) => {
      // biome-ignore lint/suspicious/noExplicitAny: what a caller without types may do.
      s.set('visits', value as any)
    })
    await browser.fetch('/login')
    const answer = (await browser.json('/')) as { code: string; message: string }
    expect(answer.code).toBe('ERR_SESSION_DATA')
    expect(answer.message).toContain(place.replace('at.at', 'visits.at'))
  })

  it('a member that is undefined is left out, as JSON does', async () => {
    const { browser } = appWith((s) =>
      s.update(() => ({ visits: 1, theme: undefined }) as unknown as Data),
    )
    expect(await browser.json('/')).toEqual({ visits: 1 })
  })

  it.each([
    ['save'],
    ['end'],
    ['id'],
    ['constructor'],
    ['iat'],
    ['exp'],
    ['sid'],
    ['toString'],
    ['hasOwnProperty'],
  ])('a member called %s is data like any other', async (key) => {
    const sessions = statelessSessions<Record<string, unknown>>({ secret })
    const app = new Hono()
      .use(session(sessions))
      .get('/', async (c) => c.json((await c.var.session.start({ [key]: 1, id: 'mine' })) ?? null))
      .get('/read', async (c) =>
        c.json({ data: await c.var.session.get(), info: await c.var.session.info() }),
      )
    const browser = new Browser(app)
    await browser.fetch('/')
    const read = (await browser.json('/read')) as { data: object; info: { id: string } }
    expect(read.data).toEqual(key === 'id' ? { id: 'mine' } : { [key]: 1, id: 'mine' })
    expect(read.info.id).not.toBe('mine')
  })
})

describe('a session too large for a cookie', () => {
  it('fails where it is written, says the size and what to do, and leaves the cookie alone', async () => {
    const { browser } = appWith((s) => s.set('cart', Array(500).fill('0123456789')))
    await browser.fetch('/login')
    const response = await browser.fetch('/')
    const { code, message } = (await response.json()) as { code: string; message: string }
    expect(code).toBe('ERR_COOKIE_TOO_LARGE')
    expect(message).toMatch(/\d{4} bytes.*4096.*stored sessions/)
    expect(response.headers.getSetCookie()).toEqual([])
    expect(await browser.json('/read')).toEqual({ userId: 'ada', cart: ['a'] })
  })
})

describe('a schema', () => {
  const schema = z.object({
    visits: z.number().default(7),
    userId: z.string().optional(),
    theme: z.enum(['dark', 'light']).optional(),
  })

  it('judges what is written, and says where it does not fit', async () => {
    const { browser } = appWith((s) => s.update(() => ({ theme: 'pink' })), {
      schema: schema as never,
    })
    expect(await browser.json('/')).toEqual({
      code: 'ERR_SESSION_DATA',
      message: 'Session data does not fit its schema at theme',
    })
  })

  it('stores what it made of the data', async () => {
    const { browser } = appWith((s) => s.update(() => ({ theme: 'dark' })), {
      schema: schema as never,
    })
    expect(await browser.json('/')).toEqual({ theme: 'dark', visits: 7 })
  })

  it('judges what is read: data of another schema reads as none, and its cookie is not replaced', async () => {
    const old = appWith((s) => s.update(() => ({ theme: 'pink' })))
    await old.browser.fetch('/')
    const strict = appWith((s) => s.set('visits', 1), {
      schema: schema as never,
      initial: () => ({}),
    })
    strict.browser.cookies.set('__Host-session', old.browser.cookies.get('__Host-session') ?? '')
    expect(await strict.browser.json('/read')).toBe(null)
    expect((await strict.browser.fetch('/')).headers.getSetCookie()).toEqual([])
    expect(strict.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'session-rejected invalid-data',
      'session-rejected invalid-data',
      'session-write-dropped invalid-data',
    ])
    expect(ourCookie(await strict.browser.fetch('/login'))).not.toBe(undefined)
  })

  it('may be asynchronous', async () => {
    const { browser } = appWith((s) => s.update(() => ({ visits: 3 })), {
      schema: schema.refine(async () => true) as never,
    })
    expect(await browser.json('/')).toEqual({ visits: 3 })
    expect(await browser.json('/read')).toEqual({ visits: 3 })
  })
})

describe('several sessions in one request', () => {
  it('of different names do not touch each other', async () => {
    const a = statelessSessions<{ a: number }>({ secret, name: 'a' })
    const b = statelessSessions<{ b: number }>({ secret, name: 'b' })
    const app = new Hono()
      .get('/', async (c) => {
        await a.start({ context: c, data: { a: 1 } })
        await b.start({ context: c, data: { b: 2 } })
        return c.json([await a.get({ context: c }), await b.get({ context: c })])
      })
      .get('/end', async (c) => c.json((await a.end({ context: c })) ?? null))
      .get('/read', async (c) =>
        c.json([(await a.get({ context: c })) ?? null, (await b.get({ context: c })) ?? null]),
      )
    const browser = new Browser(app)
    expect(await browser.json('/')).toEqual([{ a: 1 }, { b: 2 }])
    await browser.fetch('/end')
    expect(await browser.json('/read')).toEqual([null, { b: 2 }])
  })

  it('mounted twice is one session, written once', async () => {
    const { sessions } = sessionsAt()
    const app = new Hono()
      .use(session(sessions))
      .use('/sub/*', session(sessions))
      .get('/sub/x', async (c) =>
        c.json(await c.var.session.update((d) => ({ visits: (d?.visits ?? 0) + 1 }))),
      )
    const response = await new Browser(app).fetch('/sub/x')
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })
})
