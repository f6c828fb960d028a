import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Visitor } from '../../session/stored-support.ts'
import { hours, minutes, noon } from '../../session/support.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { immortal } from '../store/support.ts'
import { type RedisSite, rowsIn, siteOn, warm } from './support.ts'

describe.skipIf(noRedis)('stored sessions in a real Redis', () => {
  let server: TestRedis
  let site: RedisSite
  beforeAll(async () => {
    server = await startRedis()
    await warm(server)
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    await server.flush({ keepScripts: true })
    site = siteOn(server)
  })

  type Handler = Parameters<Visitor['visit']>[0]
  const visitors: Readonly<Record<string, () => Promise<Visitor>>> = {
    anonymous: async () => site.visitor(),
    forger: async () => {
      const browser = await visitors.user?.()
      const value = browser?.cookies.get('__Host-session') ?? ''
      const forger = site.visitor()
      forger.cookies.set('__Host-session', `${value.slice(0, -4)}AAAA`)
      return forger
    },
    visitor: async () => {
      const browser = site.visitor()
      await browser.visit((s) => s.update(() => ({ visits: 1 })))
      return browser
    },
    late: async () => {
      const browser = await visitors.visitor?.()
      await site.pass(16 * minutes)
      return browser as Visitor
    },
    left: async () => {
      const browser = (await visitors.user?.()) as Visitor
      const copy = browser.twin()
      await browser.logout()
      return copy
    },
    user: async () => {
      const browser = site.visitor()
      await browser.login()
      await browser.visit((s) => s.flash('notice', 'Saved'))
      return browser
    },
  }
  const counts: ReadonlyArray<
    readonly [who: string, what: string, handler: Handler, requests: number]
  > = [
    ['anonymous', 'looks', (s) => s.get(), 0],
    ['anonymous', 'logs out', (s) => s.end(), 0],
    ['anonymous', 'writes first', (s) => s.update(() => ({ visits: 1 })), 1],
    ['anonymous', 'signs in', (s) => s.start({ userId: 'ada' }), 1],
    ['forger', 'looks', (s) => s.get(), 0],
    ['forger', 'logs out', (s) => s.end(), 0],
    ['forger', 'signs in', (s) => s.start({ userId: 'ada' }), 1],
    ['user', 'is not looked at', () => 'static', 0],
    ['user', 'looks', (s) => s.get(), 1],
    [
      'user',
      'looks in many ways',
      async (s) => [await s.get(), await s.info(), await s.takeFlash('none')],
      1,
    ],
    ['user', 'writes', (s) => s.set('theme', 'dark'), 2],
    [
      'user',
      'writes twice in one handler',
      (s) => {
        s.set('theme', 'dark')
        s.set('cart', [])
      },
      2,
    ],
    ['user', 'writes what is there', (s) => s.set('userId', 'ada'), 1],
    ['user', 'updates', (s) => s.update((data) => ({ ...data, visits: 1 })), 2],
    ['user', 'leaves a message', (s) => s.flash('notice', 'x'), 2],
    ['user', 'is shown a message', (s) => s.takeFlash('notice'), 2],
    ['user', 'logs out', (s) => s.end(), 1],
    ['user', 'signs in again', (s) => s.start({ userId: 'ada' }), 2],
    [
      'visitor',
      'signs in, keeping, with a message',
      async (s) => {
        s.flash('notice', 'Welcome')
        await s.start({ userId: 'ada' }, { keep: ['visits'] })
      },
      2,
    ],
    ['late', 'looks', (s) => s.get(), 1],
    // Once more after the write: did somebody sign in with that cookie meanwhile?
    ['late', 'writes first', (s) => s.update(() => ({ visits: 1 })), 3],
    ['late', 'signs in', (s) => s.start({ userId: 'ada' }), 2],
    // It is known to be over: nothing is made, and nothing has to be taken back.
    ['left', 'leaves a message', (s) => s.flash('notice', 'x'), 1],
    ['user', 'ends all others', (s) => s.endAll({ exceptCurrent: true }), 2],
    ['user', 'ends all', (s) => s.endAll(), 3],
    ['user', 'lists', (s) => s.list(), 3],
  ]

  it.each(counts)('a web request in which %s %s', async (who, _what, handler, requests) => {
    const browser = (await visitors[who]?.()) as Visitor
    server.control.reset()
    expect((await browser.visit(handler)).status).toBe(200)
    expect([server.control.requests, server.control.commands]).toEqual([requests, requests])
  })

  it('a conflict costs one request more', async () => {
    const browser = (await visitors.user?.()) as Visitor
    const held = server.control.hold({ script: 'session-replace' })
    const slow = browser.visit((s) => s.set('theme', 'dark'))
    await held.arrived
    await browser.visit((s) => s.set('cart', []))
    const before = server.control.requests
    held.release()
    await slow
    expect(server.control.requests - before).toBe(1)
  })

  describe('every key lives for as long as its session can, to the second', () => {
    /** Seconds that each row has left, and each list, biggest first. */
    async function lives(kind: 's' | 'u'): Promise<number[]> {
      const all = await server.raw.dump()
      const found = Object.entries(all).filter(([key]) => key.startsWith(`portcullis:${kind}:`))
      return found.map(([, { ttl }]) => Math.ceil(ttl / 1000)).sort((a, b) => b - a)
    }
    const near = (expected: number): unknown => ({
      asymmetricMatch: (got: number) => Math.abs(got - expected) <= 1,
    })
    const hour = 3600

    it.each<readonly [string, (browser: Visitor) => Promise<unknown>, number[], number[]]>([
      [
        'a visitor’s first write',
        (b) => b.visit((s) => s.update(() => ({ visits: 1 }))),
        [900],
        [],
      ],
      ['a login', (b) => b.login(), [hour], [8 * hour]],
      ['a login, then a logout', (b) => b.login().then(() => b.logout()), [60], []],
      ['a login, then another', (b) => b.login().then(() => b.login()), [hour, 60], [8 * hour]],
      [
        'a write half an hour later',
        async (b) => {
          await b.login()
          await site.pass(30 * minutes)
          await b.visit((s) => s.set('theme', 'dark'))
        },
        [hour],
        [7.5 * hour],
      ],
      [
        'a read half an hour later',
        async (b) => {
          await b.login()
          await site.pass(30 * minutes)
          await b.get()
        },
        [hour],
        [7.5 * hour],
      ],
      [
        'a read three minutes later, which is not worth noting',
        async (b) => {
          await b.login()
          await site.pass(3 * minutes)
          await b.get()
        },
        [57 * 60],
        [8 * hour - 180],
      ],
      [
        'a read in the last half hour',
        async (b) => {
          await b.login()
          for (let n = 0; n < 15; n++) {
            await site.pass(30 * minutes)
            await b.get()
          }
        },
        [0.5 * hour],
        [0.5 * hour],
      ],
      [
        'a message that was shown',
        async (b) => {
          await b.login()
          await b.visit((s) => s.flash('notice', 'x'))
          await site.pass(30 * minutes)
          await b.visit((s) => s.takeFlash('notice'))
        },
        [hour],
        [7.5 * hour],
      ],
      [
        'an end of all others',
        async (b) => {
          await b.login()
          await site.visitor().login()
          await b.visit((s) => s.endAll({ exceptCurrent: true }))
        },
        [hour, hour],
        [8 * hour],
      ],
      ['an end of all', (b) => b.login().then(() => b.visit((s) => s.endAll())), [60], []],
    ])('after %s', async (_, act, rows, lists) => {
      await act(site.visitor())
      expect(await lives('s')).toEqual(rows.map(near))
      expect(await lives('u')).toEqual(lists.map(near))
      expect(await immortal(server)).toEqual([])
    })
  })

  // Whoever can write to Redis sets what it says of times as late as they like.
  it('an absolute end is never passed, whatever is written into Redis', async () => {
    const browser = site.visitor()
    await browser.login()
    const [[key = ''] = []] = await rowsIn(server)
    await server.raw.call('HSET', key, 'x', noon + 900 * hours)
    for (const [list] of Object.entries(await server.raw.dump()).filter(
      ([, { type }]) => type === 'zset',
    )) {
      await server.raw.call('PERSIST', list)
    }
    for (let n = 0; n < 15; n++) {
      site.clock.now += 30 * minutes
      expect(await browser.get()).toEqual({ userId: 'ada' })
    }
    site.clock.now = noon + 8 * hours
    await server.raw.call('HSET', key, 't', site.clock.now)
    await server.raw.call('PERSIST', key)
    const { body, cookies } = await browser.visit((s) => s.get())
    expect([body, cookies]).toEqual([null, []])
    expect(site.heard().at(-1)).toBe('session-rejected: expired')
  })

  it('a row that an ended session left is brought back by nobody but whoever can write to Redis, and then only as it was', async () => {
    const browser = site.visitor()
    await browser.login()
    const copy = browser.twin()
    const [[key = '', row] = []] = await rowsIn(server)
    await browser.visit((s) => s.set('theme', 'dark'))
    await browser.logout()
    await server.raw.call('DEL', key)
    await server.raw.call('HSET', key, ...Object.entries(row ?? {}).flat())
    expect(await copy.get()).toBe(null)
    expect(site.heard().at(-1)).toBe('session-rejected: ended')
  })
})
