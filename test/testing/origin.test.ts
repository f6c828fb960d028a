import { describe, expect, test } from 'vitest'
import { createGateway } from '../../src/gateway/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import {
  createBrowser,
  createTestOrigin,
  createTestSecrets,
  type OriginHandler,
} from '../../src/testing/index.ts'

const publicOrigin = 'https://app.example.com'

interface Data {
  readonly user?: string
  readonly visits?: number
}

/** A gateway in front of an origin, with secrets of its own. */
async function createSite(handler: OriginHandler, key?: string) {
  const env = await createTestSecrets()
  const sessions = statelessSessions<Data>({ secret: env.SESSION_SECRET })
  const origin = createTestOrigin(
    { gateway: publicOrigin, audience: 'app', key: key ?? env.ASSERTION_KEY },
    handler,
  )
  const gateway = createGateway({
    publicOrigin,
    upstreams: { app: { app: origin, sessions: true } },
    session: sessions,
    user: (data) => data.user,
    assertion: { key: env.ASSERTION_KEY },
    routes: [
      { path: '/login', methods: ['POST'], to: 'app', access: 'public', sessions: ['start'] },
      { path: '/*', to: 'app', access: 'public', sessions: ['end'] },
    ],
  })
  return { origin, sessions, browser: createBrowser({ site: gateway, origin: publicOrigin, env }) }
}

const handler: OriginHandler = async (request, session) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/login') {
    const user = new URLSearchParams(await request.text()).get('user')
    session.start({ user })
    return new Response(null, { status: 303, headers: { location: '/' } })
  }
  if (pathname === '/logout') session.end()
  return new Response(`Hello ${session.user ?? 'visitor'}`)
}

describe('a test origin', () => {
  test('signs in and out behind a gateway', async () => {
    const { browser, origin } = await createSite(handler)
    expect(await (await browser.open('/')).text()).toBe('Hello visitor')
    expect(await (await browser.submit('/login', { user: 'ada' })).text()).toBe('Hello ada')
    await browser.open('/logout')
    expect(await (await browser.open('/?again')).text()).toBe('Hello visitor')

    expect(origin.received.map(({ line, user }) => [line, user])).toEqual([
      ['GET /', undefined],
      ['POST /login', undefined],
      ['GET /', 'ada'],
      ['GET /logout', 'ada'],
      ['GET /?again', undefined],
    ])
    expect(origin.received[2]?.headers.has('cookie')).toBe(false)
  })

  test('knows a user who was signed in without a login page', async () => {
    const { browser, sessions } = await createSite(handler)
    await browser.signIn(sessions, { user: 'bob' })
    expect(await (await browser.open('/')).text()).toBe('Hello bob')
  })

  test('answers 401 to an assertion of another key', async () => {
    const { ASSERTION_KEY } = await createTestSecrets()
    const { browser, sessions, origin } = await createSite(handler, ASSERTION_KEY)
    await browser.signIn(sessions, { user: 'bob' })
    expect((await browser.open('/')).status).toBe(401)
    expect(origin.received[0]?.user).toBe(undefined)
  })

  test('rejects what is no key', () => {
    expect(() =>
      createTestOrigin({ gateway: publicOrigin, audience: 'app', key: '{}' }, handler),
    ).toThrow('createTestOrigin.key must be an ES256 private key')
  })
})
