import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { session } from '../../src/session/index.ts'
import { Browser, minutes, ourCookie, sessionsAt } from './support.ts'

function app(options: Parameters<typeof sessionsAt>[0] = {}) {
  const made = sessionsAt(options)
  const routes = new Hono()
    .onError((error, c) => c.json({ code: (error as { code?: string }).code }, 500))
    .use(session(made.sessions))
    .get('/visit', async (c) =>
      c.json(
        await c.var.session.update((d) => ({
          ...d,
          cart: [...(d?.cart ?? []), 'x'],
          theme: 'dark',
        })),
      ),
    )
    .get('/login/:user', async (c) => {
      await c.var.session.start({ userId: c.req.param('user') }, { keep: ['cart'] })
      return c.json((await c.var.session.get()) ?? null)
    })
    .get('/become/:user', async (c) => {
      c.var.session.set('userId', c.req.param('user'))
      return c.text('set')
    })
    .get('/update/:user', async (c) =>
      c.json(await c.var.session.update((d) => ({ ...d, userId: c.req.param('user') }))),
    )
    .get('/logout', async (c) => c.json((await c.var.session.end()) ?? null))
    .get('/again', async (c) => {
      await c.var.session.end()
      await c.var.session.end()
      const after = (await c.var.session.get()) ?? null
      let code: unknown
      try {
        c.var.session.set('theme', 'x')
      } catch (error) {
        code = (error as { code?: string }).code
      }
      const update = await c.var.session.update(() => ({})).catch((error) => error.code)
      return c.json([after, code, update])
    })
    .get('/switch', async (c) => {
      await c.var.session.end()
      await c.var.session.start({ userId: 'eve' })
      return c.json((await c.var.session.get()) ?? null)
    })
    .get('/flip', async (c) => {
      await c.var.session.start({ userId: 'eve' })
      await c.var.session.end()
      return c.json((await c.var.session.get()) ?? null)
    })
    .get('/read', async (c) => c.json((await c.var.session.get()) ?? null))
    .get('/info', async (c) => c.json((await c.var.session.info()) ?? null))
    .get('/list', async (c) => c.json(await c.var.session.list()))
    .get('/endAll', async (c) => c.json((await c.var.session.endAll()) ?? null))
  return { ...made, routes, browser: new Browser(routes) }
}

const user = (data: { userId?: string }): string | undefined => data.userId

describe('start', () => {
  it('start gives a new id and keeps only the members of keep', async () => {
    const { browser, events } = app({ user })
    await browser.fetch('/visit')
    const before = (await browser.json('/info')) as { id: string }
    expect(await browser.json('/login/ada')).toEqual({ userId: 'ada', cart: ['x'] })
    const after = (await browser.json('/info')) as { id: string }
    expect(after.id).not.toBe(before.id)
    expect(events.map(({ type, reason, session }) => [type, reason, session])).toEqual([
      ['session-created', undefined, before.id],
      ['session-ended', 'replaced', before.id],
      ['session-created', 'started', after.id],
    ])
  })

  it.each([
    ['with the option user', { user }],
    ['without it', {}],
  ])('hands nothing of one user to another, %s', async (_, options) => {
    const { browser } = app(options)
    await browser.fetch('/visit')
    await browser.fetch('/login/ada')
    expect(await browser.json('/login/eve')).toEqual({ userId: 'eve' })
  })

  it('start keeps members for the same user at re-authentication', async () => {
    const { browser } = app({ user })
    await browser.fetch('/visit')
    await browser.fetch('/login/ada')
    expect(await browser.json('/login/ada')).toEqual({ userId: 'ada', cart: ['x'] })
  })

  it('start keeps nothing of a session that has ended', async () => {
    const { browser, clock } = app({ user })
    await browser.fetch('/visit')
    clock.now += 15 * minutes
    expect(await browser.json('/login/ada')).toEqual({ userId: 'ada' })
  })

  it('start replaces a cookie that cannot be read', async () => {
    const { browser } = app({ user })
    browser.cookies.set('__Host-session', 'rubbish')
    expect(await browser.json('/login/ada')).toEqual({ userId: 'ada' })
    expect(await browser.json('/read')).toEqual({ userId: 'ada' })
  })
})

describe('the user of a session', () => {
  it.each([['/become/eve'], ['/update/eve']])(
    'changes only through start: %s is refused and nothing is written',
    async (path) => {
      const { browser } = app({ user })
      await browser.fetch('/login/ada')
      const response = await browser.fetch(path)
      expect([await response.json(), response.headers.getSetCookie()]).toEqual([
        { code: 'ERR_SESSION_IDENTITY_CHANGED' },
        [],
      ])
      expect(await browser.json('/read')).toEqual({ userId: 'ada' })
    },
  )

  // Fixation: a visitor's id that somebody planted must not become a login.
  it.each([['/become/ada'], ['/update/ada']])(
    'does not come into a visitor’s session either: %s',
    async (path) => {
      const { browser } = app({ user })
      await browser.fetch('/visit')
      expect(await browser.json(path)).toEqual({ code: 'ERR_SESSION_IDENTITY_CHANGED' })
    },
  )
})

describe('end', () => {
  it('end expires the cookie with its attributes, and the browser is signed out', async () => {
    const { browser } = app()
    await browser.fetch('/login/ada')
    const response = await browser.fetch('/logout')
    expect(response.headers.getSetCookie()).toEqual([
      '__Host-session=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await browser.json('/read')).toBe(null)
  })

  it('end expires a cookie that cannot be read, without any crypto', async () => {
    const { browser } = app({ onEvent: undefined as never })
    browser.cookies.set('__Host-session', 'rubbish')
    expect(ourCookie(await browser.fetch('/logout'))?.attributes).toContain('Max-Age=0')
  })

  // <form action="https://app.example.test/logout" method="post"> on another site: SameSite=Lax sends no cookie.
  it('end sets no cookie if the request had none', async () => {
    expect((await app().browser.fetch('/logout')).headers.getSetCookie()).toEqual([])
  })

  it('end twice is harmless; later reads are empty and writes throw', async () => {
    const { browser } = app()
    await browser.fetch('/login/ada')
    const response = await browser.fetch('/again')
    expect(await response.json()).toEqual([null, 'ERR_SESSION_ENDED', 'ERR_SESSION_ENDED'])
    expect(response.headers.getSetCookie()).toHaveLength(1)
  })

  it('end and then start leaves only the new session', async () => {
    const { browser } = app()
    await browser.fetch('/login/ada')
    const response = await browser.fetch('/switch')
    expect([await response.json(), response.headers.getSetCookie().length]).toEqual([
      { userId: 'eve' },
      1,
    ])
    expect(await browser.json('/read')).toEqual({ userId: 'eve' })
  })

  it('start and then end leaves no session', async () => {
    const { browser } = app()
    await browser.fetch('/login/ada')
    expect(await browser.json('/flip')).toBe(null)
    expect(await browser.json('/read')).toBe(null)
    expect((await app().browser.fetch('/flip')).headers.getSetCookie()).toEqual([])
  })
})

describe('what stateless sessions cannot do', () => {
  it.each([['/list'], ['/endAll']])(
    '%s is a fault of the configuration, not a silent nothing',
    async (path) => {
      const { browser } = app()
      await browser.fetch('/login/ada')
      expect(await browser.json(path)).toEqual({ code: 'ERR_CONFIG' })
    },
  )
})
