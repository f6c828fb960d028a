import { describe, expect, it } from 'vitest'
import { reviewGateway } from '../../src/gateway/index.ts'
import {
  clientInfo,
  type StoredOptions,
  sessionsBy,
  storedSessions,
} from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import {
  type Answering,
  type Bench,
  bench,
  claimsOf,
  cookieOf,
  type Data,
  type Overrides,
  order,
  secret,
  sessions,
  signIn,
} from './support.ts'

const now = Date.UTC(2026, 10, 20, 12)
const routes: NonNullable<Overrides['routes']> = [
  { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
  { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
  { path: '/devices', to: 'app', sessions: ['list', 'end', 'endAll'] },
  {
    path: '/public',
    to: 'app',
    access: 'public',
    sessions: ['list', 'set', 'end', 'endAll', 'endAny'],
  },
  { path: '/users', to: 'app', access: { role: 'admin' }, sessions: ['endAny'] },
  { path: '/*', to: 'app', access: 'public', sessions: ['set'] },
]

/** A gateway whose sessions are in a store, and a clock that tests move. */
async function stored(
  overrides: Overrides = {},
  options: Partial<StoredOptions<Data>> = {},
): Promise<Bench & { clock: { now: number } }> {
  const clock = { now }
  const session = storedSessions<Data>({
    secret,
    store: memoryStore({ clock: () => clock.now }),
    user: (data) => data.user,
    clock: () => clock.now,
    ...options,
  })
  return Object.assign(await bench({ session, clock: () => clock.now, routes, ...overrides }), {
    clock,
  })
}

interface Told {
  id: string
  createdAt: number
  seenAt: number
  expiresAt: number
  current: boolean
}

function toldOf(headers: Headers): Told[] | undefined {
  const value = headers.get('portcullis-sessions')
  if (value === null) return undefined
  const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'))
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))))
}

async function told(at: Bench, cookie: string, path = '/devices'): Promise<Told[] | undefined> {
  await at.ask(path, { headers: { Cookie: cookie } })
  return toldOf(at.last().headers)
}

function obeying(verbs: unknown, status = 200): Answering {
  return (seen) =>
    new Response('done', { status, headers: { 'portcullis-session': order(seen, verbs) } })
}

/** Sends what makes the upstream answer with these verbs, once. */
async function answered(
  at: Bench,
  cookie: string,
  verbs: unknown,
  path = '/devices',
  status = 200,
): Promise<Response> {
  const before = at.answer
  at.answer = obeying(verbs, status)
  const response = await at.ask(path, { method: 'POST', headers: { Cookie: cookie } })
  at.answer = before
  return response
}

async function isSignedIn(at: Bench, cookie: string): Promise<boolean> {
  await at.ask('/x', { headers: { Cookie: cookie } })
  return at.last().headers.has('portcullis-assertion')
}

describe('Portcullis-Sessions', () => {
  it('lists the sessions of who is asking, the newest first, this one marked', async () => {
    const at = await stored()
    const first = await signIn(at, { user: 'alice' })
    at.clock.now += 60_000
    const second = await signIn(at, { user: 'alice' })
    await signIn(at, { user: 'bob' })
    const list = await told(at, first)
    expect(list).toEqual([
      {
        id: expect.stringMatching(/^[\w-]{22}$/),
        createdAt: now + 60_000,
        seenAt: now + 60_000,
        expiresAt: now + 60_000 + 28_800_000,
        current: false,
      },
      {
        id: expect.stringMatching(/^[\w-]{22}$/),
        createdAt: now,
        seenAt: expect.any(Number),
        expiresAt: now + 28_800_000,
        current: true,
      },
    ])
    expect(list?.[1]?.id).toBe(claimsOf(at.last().headers.get('portcullis-assertion')).sid)
    expect((await told(at, second))?.map(({ current }) => current)).toEqual([true, false])
  })

  it('is told where the route grants it, and nowhere else', async () => {
    const at = await stored()
    const cookie = await signIn(at, { user: 'alice' })
    expect(await told(at, cookie, '/public')).toHaveLength(1)
    expect(await told(at, cookie, '/x')).toBe(undefined)
    expect(await told(at, cookie, '/login')).toBe(undefined)
  })

  it('is told of nobody who is not signed in', async () => {
    const at = await stored()
    const visitor = cookieOf(await answered(at, '', { incr: { visits: 1 } }, '/x'))
    for (const cookie of ['', visitor, '__Host-session=forged'])
      expect(await told(at, cookie, '/public')).toBe(undefined)
    at.seen.length = 0
    expect((await at.ask('/devices', { headers: { Cookie: visitor } })).status).toBe(401)
    expect(at.seen).toEqual([])
  })

  // curl -H 'Portcullis-Sessions: ...' and its spelling with _, which CGI reads as the same.
  it('is never what a client says', async () => {
    const at = await stored()
    await at.ask('/public', {
      headers: { 'Portcullis-Sessions': 'W10', Portcullis_Sessions: 'W10' },
    })
    expect([...at.last().headers.keys()].filter((name) => name.includes('sessions'))).toEqual([])
  })

  it('has twenty at most, this one among them, in less than 4 KB', async () => {
    const at = await stored()
    const oldest = await signIn(at, { user: 'alice' })
    for (let i = 0; i < 24; i++) {
      at.clock.now += 1000
      await signIn(at, { user: 'alice' })
    }
    const list = (await told(at, oldest)) ?? []
    expect(list).toHaveLength(20)
    expect(list.map(({ current }) => current).indexOf(true)).toBe(19)
    expect(list.map(({ createdAt }) => createdAt)).toEqual(
      list.map(({ createdAt }) => createdAt).sort((a, b) => b - a),
    )
    expect(at.last().headers.get('portcullis-sessions')?.length).toBeLessThan(4096)
  })

  it('has the client of each, and as many as fit into 4 KB with this one among them', async () => {
    const options = { platform: 'cloudflare', country: 'cloudflare' } as const
    const at = await stored({}, { clientInfo: clientInfo(options) })
    const device = {
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      'cf-connecting-ip': '203.0.113.77',
      'cf-ipcountry': 'DE',
    }
    const oldest = await signIn(at, { user: 'alice' }, device)
    for (let i = 0; i < 24; i++) {
      at.clock.now += 1000
      await signIn(at, { user: 'alice' }, device)
    }
    const list = (await told(at, oldest)) ?? []
    expect(list.length).toBeGreaterThan(8)
    expect(list.length).toBeLessThan(20)
    expect(list.at(-1)).toMatchObject({
      current: true,
      client: {
        ...{ browser: 'Firefox 140', system: 'Linux', deviceKind: 'desktop' },
        ...{ country: 'DE', network: '203.0.113.0/24' },
      },
    })
    expect(at.last().headers.get('portcullis-sessions')?.length).toBeLessThanOrEqual(4096)
  })
})

describe('an upstream with stored sessions', () => {
  it('ends one session of who is asking, by the id it was told', async () => {
    const at = await stored()
    const [here, there] = [await signIn(at, { user: 'alice' }), await signIn(at, { user: 'alice' })]
    const other = (await told(at, here))?.find(({ current }) => !current)?.id
    const response = await answered(at, here, { end: { id: other } })
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    expect([await isSignedIn(at, here), await isSignedIn(at, there)]).toEqual([true, false])
  })

  it('ends this one by its id as by end: true', async () => {
    const at = await stored()
    const here = await signIn(at, { user: 'alice' })
    const response = await answered(at, here, { end: { id: (await told(at, here))?.[0]?.id } })
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-session=;.*Max-Age=0/),
    ])
    expect(await isSignedIn(at, here)).toBe(false)
  })

  // Bob's page is told no id of Alice's; a leaked one (a log, a screenshot) must not help him.
  it('ends no session of another user', async () => {
    const at = await stored()
    const [alice, bob] = [await signIn(at, { user: 'alice' }), await signIn(at, { user: 'bob' })]
    const id = (await told(at, alice))?.[0]?.id
    expect((await answered(at, bob, { end: { id } })).status).toBe(200)
    expect((await answered(at, '', { end: { id } }, '/public')).status).toBe(200)
    expect(await isSignedIn(at, alice)).toBe(true)
  })

  it.each([
    ['all', true, [false, false, true]],
    ['all others', { exceptCurrent: true }, [true, false, true]],
  ])('ends %s of this user', async (_what, endAll, expected) => {
    const at = await stored()
    const all = [
      await signIn(at, { user: 'alice' }),
      await signIn(at, { user: 'alice' }),
      await signIn(at, { user: 'bob' }),
    ]
    expect((await answered(at, all[0] as string, { endAll })).status).toBe(200)
    expect([
      await isSignedIn(at, all[0] as string),
      await isSignedIn(at, all[1] as string),
    ]).toEqual(expected.slice(0, 2))
    expect(await isSignedIn(at, all[2] as string)).toBe(expected[2])
  })

  it('ends all of a user it names, where endAny is granted', async () => {
    const at = await stored()
    const admin = await signIn(at, { user: 'root', roles: ['admin'] })
    const [one, two] = [await signIn(at, { user: 'alice' }), await signIn(at, { user: 'alice' })]
    expect((await answered(at, admin, { endAll: { user: 'alice' } }, '/users')).status).toBe(200)
    expect([
      await isSignedIn(at, one),
      await isSignedIn(at, two),
      await isSignedIn(at, admin),
    ]).toEqual([false, false, true])
  })

  it('shows a page to whom another device logged out, and counts nothing for the ended session', async () => {
    const at = await stored()
    const [here, there] = [await signIn(at, { user: 'alice' }), await signIn(at, { user: 'alice' })]
    await answered(at, here, { endAll: { exceptCurrent: true } })
    at.events.length = 0
    const response = await answered(at, there, { incr: { visits: 1 } }, '/x')
    expect([response.status, await response.text(), response.headers.getSetCookie()]).toEqual([
      200,
      'done',
      [],
    ])
    expect(at.events).toMatchObject([
      { type: 'session-rejected', reason: 'ended' },
      { type: 'session-write-dropped', reason: 'ended', subject: 'app' },
    ])
  })

  it('that changes a session which ended after it was asked gets no answer through', async () => {
    const at = await stored()
    const [here, there] = [await signIn(at, { user: 'alice' }), await signIn(at, { user: 'alice' })]
    const before = at.answer
    at.answer = async (seen) => {
      at.answer = obeying({ endAll: { exceptCurrent: true } })
      await at.ask('/devices', { method: 'POST', headers: { Cookie: here } })
      at.answer = before
      return obeying({ set: { visits: 9 } })(seen)
    }
    const response = await at.ask('/x', { method: 'POST', headers: { Cookie: there } })
    expect([response.status, response.headers.getSetCookie()]).toEqual([401, []])
  })
})

describe('what is refused', () => {
  it.each([
    [
      'endAll of a user where only endAll is granted',
      '/devices',
      'POST',
      { endAll: { user: 'bob' } },
      'not-granted',
    ],
    ['endAll where only endAny is granted', '/users', 'POST', { endAll: true }, 'not-granted'],
    ['end of one where it is not granted', '/x', 'POST', { end: { id: 'x' } }, 'not-granted'],
    // <img src="https://app.example.com/public"> on another page.
    ['endAll on GET', '/public', 'GET', { endAll: true }, 'unsafe-method'],
    [
      'endAll of others on GET',
      '/public',
      'GET',
      { endAll: { exceptCurrent: true } },
      'unsafe-method',
    ],
    ['endAny on GET', '/public', 'GET', { endAll: { user: 'bob' } }, 'unsafe-method'],
  ])('%s', async (_what, path, method, verbs, reason) => {
    const at = await stored()
    const cookie = await signIn(at, { user: 'bob', roles: ['admin'] })
    at.answer = obeying(verbs)
    const response = await at.ask(path, { method, headers: { Cookie: cookie } })
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    expect(at.events).toMatchObject([{ type: 'session-header-refused', reason }])
    expect(await isSignedIn(at, cookie)).toBe(true)
  })
})

describe('a version', () => {
  it('is told in the assertion, and another one after a write', async () => {
    const at = await stored()
    const cookie = await signIn(at, { user: 'alice' })
    const version = async (): Promise<unknown> => {
      await at.ask('/x', { headers: { Cookie: cookie } })
      return claimsOf(at.last().headers.get('portcullis-assertion')).ver
    }
    const told = await version()
    expect(told).toMatch(/^1-/)
    expect(await version()).toBe(told)
    await answered(at, cookie, { set: { visits: 7 } }, '/x')
    expect(await version()).toMatch(/^2-/)
  })

  it('is not told of sessions that have none', async () => {
    const at = await bench()
    const cookie = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: cookie } })
    expect(claimsOf(at.last().headers.get('portcullis-assertion'))).not.toHaveProperty('ver')
  })

  // Two tabs with one form: what the second sends was filled in on what the first has changed.
  it('that no longer holds stores nothing: 409, and the answer is dropped', async () => {
    const at = await stored()
    const cookie = await signIn(at, { user: 'alice' })
    await at.ask('/x', { headers: { Cookie: cookie } })
    const ifVersion = claimsOf(at.last().headers.get('portcullis-assertion')).ver
    const change = (visits: number): unknown => ({
      set: { visits },
      flash: { notice: 'Saved' },
      ifVersion,
    })
    expect((await answered(at, cookie, change(1), '/x')).status).toBe(200)
    const second = await answered(at, cookie, change(2), '/x')
    expect([second.status, second.headers.getSetCookie()]).toEqual([409, []])
    expect(await second.text()).not.toContain('done')
    await at.ask('/x', { headers: { Cookie: cookie } })
    expect(claimsOf(at.last().headers.get('portcullis-assertion'))).toMatchObject({
      ver: expect.stringMatching(/^2-/),
      claims: { visits: 1 },
    })
  })

  it('that another request took while the upstream thought is 409, too', async () => {
    const at = await stored()
    const cookie = await signIn(at, { user: 'alice' })
    at.answer = async (seen) => {
      const ifVersion = claimsOf(seen.headers.get('portcullis-assertion')).ver
      expect(ifVersion).toMatch(/^1-/)
      at.answer = obeying({ set: { visits: 1 } })
      await at.ask('/x', { method: 'POST', headers: { Cookie: cookie } })
      return obeying({ set: { visits: 2 }, ifVersion })(seen)
    }
    expect((await at.ask('/x', { method: 'POST', headers: { Cookie: cookie } })).status).toBe(409)
  })
})

describe('sessions that the environment chooses', () => {
  const session = sessionsBy<Data, { STORE: string }>((c) => c.env.STORE, {
    cookie: sessions,
    memory: storedSessions<Data>({ secret, store: memoryStore(), user: (data) => data.user }),
  })

  async function ask(
    at: Bench,
    env: unknown,
    path: string,
    init: RequestInit = {},
  ): Promise<Response> {
    const headers = new Headers({
      origin: 'https://app.example.com',
      ...(init.headers as Record<string, string>),
    })
    return at.gateway.fetch(
      new Request(`https://app.example.com${path}`, { ...init, headers }),
      env as never,
    )
  }

  async function enter(at: Bench, env: unknown): Promise<string> {
    at.answer = obeying({ start: { data: { user: 'alice', roles: ['admin'] } } })
    return cookieOf(await ask(at, env, '/login', { method: 'POST' }))
  }

  it('are listed where they are stored, and told of nowhere else', async () => {
    for (const [STORE, expected] of [
      ['memory', 1],
      ['cookie', undefined],
    ]) {
      const at = await bench({ session, routes })
      const headers = { Cookie: await enter(at, { STORE }) }
      at.answer = () => new Response('page')
      const response = await ask(at, { STORE }, '/devices', { headers })
      expect([response.status, toldOf(at.last().headers)?.length]).toEqual([200, expected])
    }
  })

  // A logout everywhere that nobody can keep must not look like one.
  it.each([
    ['/devices', { endAll: true }],
    ['/devices', { endAll: { exceptCurrent: true } }],
    ['/devices', { end: { id: 'AAAAAAAAAAAAAAAAAAAAAA' } }],
    ['/users', { endAll: { user: 'bob' } }],
  ])('answer %s with %j by 503 where nothing is stored', async (path, verbs) => {
    const at = await bench({ session, routes })
    const env = { STORE: 'cookie' }
    const headers = { Cookie: await enter(at, env) }
    at.answer = obeying(verbs)
    expect((await ask(at, env, path, { method: 'POST', headers })).status).toBe(503)
    expect(at.faults).toMatchObject([{ code: 'ERR_CONFIG' }])
  })

  it('get a remark on every route that only some of them can keep', () => {
    const config = {
      publicOrigin: 'https://app.example.com',
      upstreams: { app: { url: 'http://u.test' } },
      session,
    }
    const route = { path: '/devices', to: 'app', sessions: ['list', 'end', 'endAll'] } as const
    expect(reviewGateway({ ...config, routes: [route] }).remarks).toEqual([
      'routes.0 (/devices) ends sessions, which are stateless in some environments: end() only clears the cookie, and a copy of the cookie stays valid until it expires.',
      'routes.0 (/devices) grants endAll and list, which only stored sessions support: stateless ones have no list, and the other verbs answer 503.',
    ])
  })

  it('are 503 where it names none of them, before anything reaches an upstream', async () => {
    const at = await bench({ session, routes })
    expect((await ask(at, { STORE: 'floppy' }, '/x')).status).toBe(503)
    expect(at.seen).toEqual([])
    expect(String(at.faults[0])).toContain('session must be one of "cookie", "memory"')
    expect(String(at.faults[0])).not.toContain('floppy')
  })
})
