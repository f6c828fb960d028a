import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import {
  openSession,
  type SessionContext,
  sessionsBy,
  statelessSessions,
  storedSessions,
} from '../../src/session/index.ts'
import { session } from '../../src/session/middleware.ts'
import { memoryStore } from '../../src/store/index.ts'
import { secret } from './support.ts'

interface Data {
  user?: string
}
interface Env {
  SESSION_STORE?: string
  SECRET?: string
}

function make() {
  const common = { user: (data: Data) => data.user }
  return sessionsBy<Data, Env>(
    (c) => c.env.SESSION_STORE,
    {
      cookie: statelessSessions<Data>({ secret, ...common, name: 'light' }),
      memory: storedSessions<Data>({
        secret: (c) => (c.env as unknown as Env).SECRET,
        ...common,
        name: 'heavy',
        store: memoryStore(),
      }),
    },
    { option: 'SESSION_STORE' },
  )
}

function request(env: Env, cookie = ''): SessionContext & { headers: Headers } {
  return {
    request: new Request('https://app.example.test/', { headers: { cookie } }),
    headers: new Headers(),
    env,
  }
}

describe('sessionsBy', () => {
  it.each([
    ['cookie', '__Host-light='],
    ['memory', '__Host-heavy='],
  ])('serves %s by the strategy of that name', async (SESSION_STORE, begins) => {
    const env = { SESSION_STORE, SECRET: secret }
    const sessions = make()
    const login = request(env)
    await sessions.start({ context: login, data: { user: 'ada' } })
    const cookie = login.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''
    expect(cookie.startsWith(begins)).toBe(true)
    expect(await sessions.get({ context: request(env, cookie) })).toEqual({ user: 'ada' })
    const logout = request(env, cookie)
    await sessions.end({ context: logout })
    expect(logout.headers.getSetCookie()[0]).toContain('Max-Age=0')
    expect(sessions.chosen(env).kind).toBe(SESSION_STORE === 'cookie' ? 'stateless' : 'stored')
  })

  it('gives middleware one handle for a request, and the environment its word on each', async () => {
    const app = new Hono<{ Bindings: Env }>().use(session(make())).get('/', async (c) => {
      await c.var.session.start({ user: 'ada' })
      return c.json((await c.var.session.info())?.signedIn ?? false)
    })
    for (const [name, begins] of [
      ['cookie', '__Host-light='],
      ['memory', '__Host-heavy='],
    ]) {
      const response = await app.request('/', {}, { SESSION_STORE: name, SECRET: secret })
      expect(await response.json()).toBe(true)
      expect(response.headers.getSetCookie()).toEqual([expect.stringContaining(begins ?? '')])
    }
  })

  it('is stored if any of them is, and keeps the cookies of all from upstreams', () => {
    const { kind, cookieNames } = make()
    expect([kind, cookieNames]).toEqual(['stored', ['__Host-light', '__Host-heavy']])
    const only = sessionsBy('cookie', { cookie: statelessSessions({ secret }) })
    expect(only.kind).toBe('stateless')
  })

  it.each([
    [
      'a name nobody has',
      { SESSION_STORE: 'reddis' },
      'SESSION_STORE must be one of "cookie", "memory"',
    ],
    [
      'a name of every object',
      { SESSION_STORE: 'constructor' },
      'SESSION_STORE must be one of "cookie", "memory"',
    ],
    [
      'another case',
      { SESSION_STORE: 'Cookie' },
      'SESSION_STORE must be one of "cookie", "memory"',
    ],
    ['nothing', {}, 'SESSION_STORE is not set'],
    ['no environment', undefined, 'SESSION_STORE could not be read from the environment'],
    // The secret of the strategy that is not chosen is nobody's business.
    ['one whose secret is missing', { SESSION_STORE: 'memory' }, 'session.secret is not set'],
  ])('refuses %s, and names the variable', async (_what, env, message) => {
    const sessions = make()
    expect(() => sessions.check(env)).toThrow(message)
    const asked = sessions.get({ context: request(env as Env, '__Host-heavy=x') })
    await expect(asked).rejects.toThrow(message)
  })

  it('sessionsBy checks the current strategy only', () => {
    expect(() => make().check({ SESSION_STORE: 'cookie' })).not.toThrow()
  })

  it('lists and ends the sessions of a user where they are stored, and refuses where they are not', async () => {
    const sessions = make()
    const env = { SESSION_STORE: 'memory', SECRET: secret }
    await openSession(sessions, request(env)).start({ user: 'ada' })
    expect(await sessions.list({ user: 'ada', env })).toHaveLength(1)
    expect(await sessions.endAll({ user: 'ada', env })).toBe(1)
    const light = { user: 'ada', env: { SESSION_STORE: 'cookie' } }
    await expect(sessions.list(light)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
    await expect(sessions.endAll(light)).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  // Whoever switches SESSION_STORE must not have strangers' ids open as data, nor data as ids.
  it('opens no cookie of one kind as one of another, and lets its holder begin anew', async () => {
    const sessions = sessionsBy<Data, Env>((c) => c.env.SESSION_STORE, {
      cookie: statelessSessions<Data>({ secret }),
      memory: storedSessions<Data>({ secret, store: memoryStore() }),
    })
    for (const [from, to] of [
      ['cookie', 'memory'],
      ['memory', 'cookie'],
    ]) {
      const login = request({ SESSION_STORE: from ?? '' })
      await sessions.start({ context: login, data: { user: 'ada' } })
      const handle = openSession(
        sessions,
        request({ SESSION_STORE: to ?? '' }, login.headers.getSetCookie()[0]?.split(';', 1)[0]),
      )
      expect(await handle.get()).toBe(undefined)
      expect(await handle.update(() => ({}))).toEqual({})
    }
  })

  it.each([
    [
      undefined,
      {},
      {},
      ['sessionsBy needs at least one strategy to choose from', 'session is required'],
    ],
    [
      'x',
      { a: {} },
      {},
      [
        'sessionsBy.a must be the result of statelessSessions() or storedSessions()',
        'session must be one of "a"',
      ],
    ],
    [
      'a',
      { a: statelessSessions({ secret }) },
      { name: 'X' },
      ['sessionsBy.name is not an option'],
    ],
  ])('%# is refused while building', (choose, strategies, options, faults) => {
    let found: unknown
    try {
      sessionsBy(choose as string, strategies as never, options as never)
    } catch (error) {
      found = (error as { issues: Array<{ option: string; problem: string }> }).issues.map(
        ({ option, problem }) => `${option} ${problem}`,
      )
    }
    expect(found).toEqual(faults)
  })
})
