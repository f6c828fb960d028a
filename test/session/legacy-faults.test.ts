/** What use has found wrong with cookies of older libraries: they come back, they are planted, they are of an old form. */
import { Hono } from 'hono'
import * as Iron from 'iron-webcrypto'
import { describe, expect, it } from 'vitest'
import {
  ironCookie,
  revocable,
  type SessionOptions,
  type SessionStrategy,
  session,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { memoryRevocations, memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { Browser, type Data, hours, noon, otherSecret, secret } from './support.ts'

const password = 'Vb3kQ9xW2mZ7rT5yN8pL1sD4fG6hJ0cA'
const day = 24 * hours
type Kind = 'stateless' | 'stored'

function seal(data: unknown, ttl = 14 * day, at = noon): Promise<string> {
  const id = { id: '1', secret: password }
  return Iron.seal(data, id, { ...Iron.defaults, ttl, localtimeOffsetMsec: at - Date.now() })
}

const ironSession = (userId: string, ttl?: number): Promise<string> =>
  seal({ userId }, ttl).then((sealed) => `${sealed}~2`)

/** A site that once had iron-session, whose logout is final. */
function site(kind: Kind, options: Partial<SessionOptions<Data>> = {}) {
  const clock = { now: noon }
  const events: SecurityEvent[] = []
  const revocations = memoryRevocations({ clock: () => clock.now })
  const store = memoryStore({ clock: () => clock.now })
  const legacy = [ironCookie<Data>({ library: 'iron-session', name: 'legacy', password })]

  function deploy(more: Partial<SessionOptions<Data>> = {}) {
    const common = {
      secret,
      user: (data: Data) => data.userId,
      clock: () => clock.now,
      onEvent: (event: SecurityEvent) => events.push(event),
      legacy,
      ...options,
      ...more,
    }
    const sessions =
      kind === 'stored'
        ? storedSessions<Data>({ ...common, store })
        : statelessSessions<Data>({ ...common, revocation: revocable({ store: revocations }) })
    const routes = new Hono()
      .use(session(sessions as SessionStrategy<Data>))
      .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
      .get('/logout', async (c) => c.json((await c.var.session.end()) ?? null))
      .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'eve' })) ?? null))
      .get('/others', async (c) =>
        c.json((await c.var.session.endAll({ exceptCurrent: true })) ?? null),
      )
    const endAll = (user: string): unknown => sessions.endAll?.({ user })
    const browser = (...cookies: string[]): Browser => {
      const made = new Browser(routes)
      for (const cookie of cookies) made.cookies.set('legacy', cookie)
      return made
    }
    return { routes, endAll, browser }
  }
  return { clock, events, deploy, ...deploy() }
}

describe.each<Kind>(['stateless', 'stored'])('S3: %s sessions that are imported', (kind) => {
  it('imported sessions end with all others of their user', async () => {
    const made = site(kind)
    const browser = made.browser(await ironSession('ada'))
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    await made.endAll('ada')
    expect(await browser.json('/read')).toBe(null)
  })

  it('an ended import does not come back from a copy of the old cookie', async () => {
    const cookie = await ironSession('ada')
    const made = site(kind)
    const browser = made.browser(cookie)
    await browser.json('/read')
    await browser.fetch('/logout')
    for (const hour of [1, 9, 24, 300]) {
      made.clock.now = noon + hour * hours
      expect(await made.browser(cookie).json('/read')).toBe(null)
    }
  })

  it('an import that a login replaced does not come back, even from a cookie without an end', async () => {
    for (const path of ['/login', '/logout']) {
      const cookie = await ironSession('ada', 0)
      const made = site(kind)
      const browser = made.browser(cookie)
      await browser.json('/read')
      await browser.fetch(path)
      made.clock.now = noon + 390 * day
      expect(await made.browser(cookie).json('/read')).toBe(null)
    }
  })

  it('an import does not come back if the old cookie came beside the new one at the logout', async () => {
    const cookie = await ironSession('ada')
    const made = site(kind)
    const browser = made.browser(cookie)
    await browser.json('/read')
    browser.cookies.set('legacy', cookie)
    await browser.fetch('/logout')
    expect(await made.browser(cookie).json('/read')).toBe(null)
  })

  it('after endAll no seal of that user is imported, seals of other users are', async () => {
    const [earlier, others] = [await ironSession('ada'), await ironSession('bob')]
    const made = site(kind)
    await made.endAll('ada')
    made.clock.now += 9 * hours
    expect(await made.browser(earlier).json('/read')).toBe(null)
    expect(await made.browser(others).json('/read')).toEqual({ userId: 'bob' })
    // Also where the secret was rotated since.
    const rotated = made.deploy({ secret: [otherSecret, secret] })
    made.clock.now += 30 * hours
    expect(await rotated.browser(earlier).json('/read')).toBe(null)
  })

  it('an import that endAll keeps stays', async () => {
    const made = site(kind)
    const [here, there] = [
      made.browser(await ironSession('ada')),
      made.browser(await ironSession('ada')),
    ]
    await there.json('/read')
    await here.fetch('/others')
    expect(await here.json('/read')).toEqual({ userId: 'ada' })
    expect(await there.json('/read')).toBe(null)
  })
})

describe.each<Kind>(['stateless', 'stored'])(
  'S4: several legacy cookies of one name, %s',
  (kind) => {
    async function read(...cookies: string[]) {
      const made = site(kind)
      const cookie = cookies.map((value) => `legacy=${value}`).join('; ')
      const response = await made.routes.request('https://app.example.test/read', {
        headers: { cookie },
      })
      return {
        data: await response.json(),
        events: made.events.map(({ type, reason }) => `${type} ${reason ?? ''}`),
      }
    }

    // A sibling host sets legacy=<its own session>; Domain=example.test, with a longer path: it comes first.
    it('no legacy cookie is used if several of one name open', async () => {
      const [victim, attacker] = [await ironSession('ada'), await ironSession('eve')]
      for (const pair of [
        [victim, attacker],
        [attacker, victim],
        [attacker, 'garbage', victim],
      ]) {
        expect(await read(...pair)).toEqual({ data: null, events: ['session-rejected ambiguous'] })
      }
    })

    it('the only legacy cookie that opens is used, also if it came twice', async () => {
      const [mine, expired] = [
        await ironSession('ada'),
        await seal({ userId: 'eve' }, 1000, noon - day),
      ]
      expect((await read('garbage', mine)).data).toEqual({ userId: 'ada' })
      expect((await read(mine, `${expired}~2`)).data).toEqual({ userId: 'ada' })
      expect((await read(mine, mine)).data).toEqual({ userId: 'ada' })
      expect((await read('garbage', 'more')).data).toBe(null)
      expect((await read('a', 'b', 'c', mine)).data).toBe(null)
    })

    it('legacy cookies of two users give no session', async () => {
      const names = ['legacy', 'older'].map((name) =>
        ironCookie<Data>({ library: 'iron-session', name, password }),
      )
      for (const [other, data] of [
        ['eve', null],
        ['ada', { userId: 'ada' }],
      ] as const) {
        const made = site(kind, { legacy: names })
        const cookie = `legacy=${await ironSession('ada')}; older=${await ironSession(other)}`
        const response = await made.routes.request('https://app.example.test/read', {
          headers: { cookie },
        })
        expect(await response.json()).toEqual(data)
      }
    })
  },
)

describe('S13: seals of iron-session from before version 6', () => {
  it.each<[title: string, sealed: unknown, marked: boolean, data: unknown]>([
    [
      'persistent and flash',
      { persistent: { userId: 'ada' }, flash: {} },
      false,
      { userId: 'ada' },
    ],
    ['persistent alone', { persistent: { userId: 'ada' } }, false, { userId: 'ada' }],
    ['data of today without its mark', { userId: 'ada' }, false, { userId: 'ada' }],
    [
      'a member of that name',
      { userId: 'ada', persistent: { userId: 'eve' } },
      false,
      { userId: 'ada', persistent: { userId: 'eve' } },
    ],
    [
      'a marked one of that shape',
      { persistent: { userId: 'ada' } },
      true,
      { persistent: { userId: 'ada' } },
    ],
    ['persistent that is no object', { persistent: 'ada' }, false, { persistent: 'ada' }],
  ])('%s', async (_, sealed, marked, data) => {
    const cookie = `${await seal(sealed)}${marked ? '~2' : ''}`
    expect(await site('stateless').browser(cookie).json('/read')).toEqual(data)
  })
})
