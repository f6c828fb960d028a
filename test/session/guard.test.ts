import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { checkFresh } from '../../src/session/guard.ts'
import { requireFresh, requireSession, type SessionInfo, session } from '../../src/session/index.ts'
import { Browser, minutes, sessionsAt } from './support.ts'

const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' }

function app() {
  const made = sessionsAt()
  const clock = (): number => made.clock.now
  const routes = new Hono()
    .onError((error, c) => c.json({ code: (error as { code?: string }).code }, 500))
    .use(session(made.sessions))
    .get('/login', async (c) => c.json((await c.var.session.start({ userId: 'ada' })) ?? null))
    .get('/visit', async (c) => c.json(await c.var.session.update((d) => ({ ...d, visits: 1 }))))
    .get('/private', requireSession(), (c) => c.text('in'))
    .on(['GET', 'POST'], '/page', requireSession({ signIn: '/login?from=app' }), (c) =>
      c.text('in'),
    )
    .get('/cart', requireSession({ visitors: true }), (c) => c.text('in'))
    .get(
      '/own',
      requireSession({ refuse: ({ reason }, c: Context) => c.text(`no: ${reason}`, 418) }),
      (c) => c.text('in'),
    )
    .get('/password', requireFresh(600, { clock, signIn: '/login' }), (c) => c.text('in'))
  return { ...made, browser: new Browser(routes) }
}

describe('requireSession', () => {
  it('requireSession answers 401 without the reason to a fetch without a session', async () => {
    const response = await app().browser.fetch('/private')
    expect([
      response.status,
      response.headers.get('content-type'),
      response.headers.get('cache-control'),
    ]).toEqual([401, 'application/problem+json', 'no-store'])
    expect(await response.text()).not.toContain('no-session')
  })

  it("requireSession allows a signed-in session and denies a visitor's", async () => {
    const { browser } = app()
    await browser.fetch('/visit')
    expect((await browser.fetch('/private')).status).toBe(401)
    expect((await browser.fetch('/cart')).status).toBe(200)
    await browser.fetch('/login')
    expect((await browser.fetch('/private')).status).toBe(200)
  })

  it('requireSession redirects a navigation to sign-in with return_to', async () => {
    const response = await app().browser.fetch('/page?a=1&b=%2F', { headers: navigate })
    expect([response.status, response.headers.get('location')]).toEqual([
      303,
      '/login?from=app&return_to=%2Fpage%3Fa%3D1%26b%3D%252F',
    ])
  })

  it('requireSession redirects a form without return_to, since it cannot be posted again', async () => {
    const response = await app().browser.fetch('/page', { method: 'POST', headers: navigate })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login?from=app'])
  })

  it('requireSession answers 401 to a fetch although navigations are redirected', async () => {
    const headers = { 'sec-fetch-mode': 'cors', accept: 'text/html' }
    expect((await app().browser.fetch('/page', { headers })).status).toBe(401)
  })

  it('the option refuse makes the response of requireSession', async () => {
    const response = await app().browser.fetch('/own')
    expect([response.status, await response.text()]).toEqual([418, 'no: no-session'])
  })

  it('requireSession without session() before it is a ConfigError', async () => {
    const routes = new Hono()
      .onError((error, c) =>
        c.json({ config: error instanceof ConfigError, message: error.message }, 500),
      )
      .get('/', requireSession(), (c) => c.text('in'))
    expect(await (await routes.request('/')).json()).toMatchObject({ config: true })
  })

  it.each([
    [{ signin: '/login' }, 'requireSession.signin is not an option; did you mean signIn?'],
    [{ signIn: 'https://evil.example/' }, 'requireSession.signIn must be a path'],
    [{ signIn: '//evil.example/' }, 'requireSession.signIn must be a path'],
    [{ signIn: '/\\evil.example/' }, 'requireSession.signIn must be a path'],
    [{ visitors: 'yes' }, 'requireSession.visitors must be one of true, false'],
    [{ refuse: 401 }, 'requireSession.refuse must be a function'],
  ])('%j is refused while building', (options, words) => {
    expect(() => requireSession(options as never)).toThrow(words)
  })
})

describe('requireFresh', () => {
  it('L3: requireFresh denies a sign-in in the future, from before a clock was corrected', () => {
    const noon = Date.UTC(2026, 10, 20, 12)
    const at = (authenticatedAt: number) =>
      checkFresh({ signedIn: true, authenticatedAt } as SessionInfo, 600, noon)
    expect(at(noon + 60_000)).toEqual({ ok: true })
    expect(at(noon + 60_001)).toEqual({ ok: false, reason: 'session-too-old' })
    expect(at(noon + 3_600_000)).toEqual({ ok: false, reason: 'session-too-old' })
  })

  it('requireFresh allows a session for its seconds after each login', async () => {
    const { browser, clock } = app()
    await browser.fetch('/login')
    clock.now += 10 * minutes
    expect((await browser.fetch('/password')).status).toBe(200)
    clock.now += 1000
    const late = await browser.fetch('/password', { headers: navigate })
    expect([late.status, late.headers.get('location')]).toEqual([
      303,
      '/login?return_to=%2Fpassword',
    ])
    expect((await browser.fetch('/password')).status).toBe(401)
    await browser.fetch('/login')
    expect((await browser.fetch('/password')).status).toBe(200)
  })

  it('requireFresh denies a visitor', async () => {
    const { browser } = app()
    await browser.fetch('/visit')
    expect((await browser.fetch('/password')).status).toBe(401)
  })

  it('requireFresh accepts whole seconds only', () => {
    expect(() => requireFresh(0.5)).toThrow(
      'requireFresh.seconds must be a whole number of seconds',
    )
  })
})
