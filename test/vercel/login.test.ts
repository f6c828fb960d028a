import { describe, expect, test } from 'vitest'
import { gatewayLogin, keepTokens, loginMark, loginUser } from '../../src/login/index.ts'
import { createMemoryRows } from '../../src/login/tokens/memory-rows.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { type NextOptions, vercel } from '../../src/vercel/index.ts'
import { assertionKey } from '../gateway/support.ts'
import { TestProvider } from '../login/provider.ts'
import { Browser, type Data, origin, sharedKey } from '../login/support.ts'
import { noon, secret } from '../session/support.ts'

/** A project on Vercel behind a guard with a login. */
async function createProject(next?: NextOptions) {
  const clock = { now: noon }
  const now = (): number => clock.now
  const provider = new TestProvider(await sharedKey(), clock)
  provider.issuesRefreshTokens = true
  const guard = vercel<Data>({
    publicOrigin: origin,
    ...(next !== undefined && { next }),
    session: storedSessions<Data>({
      secret,
      store: memoryStore({ clock: now }),
      user: loginUser,
      mark: loginMark,
      clock: now,
    }),
    user: (data) => data.user,
    roles: (data) => data.roles,
    assertion: { key: await assertionKey() },
    login: gatewayLogin<Data>({
      providers: {
        acme: { issuer: provider.issuer, clientId: 'client', clientSecret: 'a secret' },
      },
      fetch: provider.fetch,
      tokens: keepTokens(createMemoryRows(now)),
    }),
    routes: [
      { path: '/api/*', token: true },
      { path: '/*', access: 'session' },
    ],
    clock: now,
  })
  const app = {
    request: async (request: Request): Promise<Response> =>
      ((await guard(request)) as Response | undefined) ?? new Response('no word'),
  }
  return { provider, clock, browser: () => new Browser(app, provider) }
}

describe('a login in front of a project on Vercel', () => {
  test('leads to the provider and back, and the project then learns who it is', async () => {
    const { browser } = await createProject()
    const person = browser()
    const denied = await person.request('/orders')
    expect([denied.status, denied.headers.get('location')]).toEqual([
      303,
      'https://app.example/.portcullis/login?return_to=%2Forders',
    ])
    const done = await person.signIn(denied.headers.get('location') ?? '')
    expect([done.status, done.headers.get('location')]).toEqual([303, `${origin}/orders`])
    const page = await person.request('/orders')
    expect(page.headers.get('x-middleware-next')).toBe('1')
    expect(page.headers.get('x-middleware-request-portcullis-assertion')).toMatch(/^[\w-]+\./)
  })

  test('105: the project gets the provider’s token in place of the client’s', async () => {
    const { browser } = await createProject()
    const person = browser()
    await person.signIn()
    const headers = { authorization: 'Bearer of-the-client' }
    const page = await person.request('/api/orders', { headers })
    expect(page.headers.get('x-middleware-request-authorization')).toMatch(/^Bearer access-\d+$/)
  })

  test('in a project with a base path, only addresses of the project get it', async () => {
    const { browser, provider } = await createProject({ basePath: '/shop' })
    const person = browser()
    const denied = await person.request('/shop/orders')
    expect([denied.status, denied.headers.get('location')]).toEqual([
      303,
      'https://app.example/shop/.portcullis/login?return_to=%2Forders',
    ])
    const begun = await person.request('/shop/.portcullis/login?return_to=%2Forders')
    const location = begun.headers.get('location') ?? ''
    const authorization = new URL(location)
    expect([begun.status, authorization.origin]).toEqual([303, new URL(provider.issuer).origin])
    expect(authorization.pathname.startsWith('/shop')).toBe(false)
    const back = new URL(provider.authorize(location), origin)
    const done = await person.request(`/shop${back.pathname}${back.search}`)
    expect([done.status, done.headers.get('location')]).toEqual([303, `${origin}/shop/orders`])
  })

  test('a fetch of Next’s router is 401, and begins nothing', async () => {
    const { browser } = await createProject()
    const person = browser()
    const headers = { rsc: '1', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }
    expect((await person.request('/orders', { headers })).status).toBe(401)
    expect((await person.request('/.portcullis/login', { headers })).status).toBe(401)
    expect(person.attempts).toEqual([])
  })
})
