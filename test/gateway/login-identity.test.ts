/** Two identities in one request: what an access token or an edge has proved is not mixed with the session of a cookie. */
import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../../src/crypto/index.ts'
import { createGateway, defineGateway, gatewayConsole } from '../../src/gateway/index.ts'
import {
  bearerTokens,
  cloudflareAccess,
  gatewayLogin,
  loginMark,
  loginUser,
} from '../../src/login/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import type { SecurityEvent } from '../../src/types.ts'
import { signToken, TestProvider } from '../login/provider.ts'
import { Browser, type Data, navigation, origin, sharedKey } from '../login/support.ts'
import { noon, secret } from '../session/support.ts'
import { assertionKey } from './support.ts'

const team = 'acme.cloudflareaccess.com'
const edgeHeader = 'cf-access-jwt-assertion'

/** A gateway with a login, an edge, access tokens, a console, and an upstream that changes sessions. */
async function createSite() {
  const clock = { now: noon }
  const now = (): number => clock.now
  const provider = new TestProvider(await sharedKey(), clock)
  const edgeKey = await sharedKey('RS256')
  const events: SecurityEvent[] = []
  const state: { command: object | undefined } = { command: undefined }
  const sessions = storedSessions<Data>({
    secret,
    store: memoryStore({ clock: now }),
    user: loginUser,
    mark: loginMark,
    clock: now,
  })
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test:8080', sessions: true } },
      session: sessions,
      user: (data) => data.user,
      roles: (data) => data.roles,
      assertion: { key: await assertionKey() },
      console: gatewayConsole<Data>({ access: { role: 'admin' } }),
      login: gatewayLogin<Data>({
        providers: {
          acme: { issuer: provider.issuer, clientId: 'client', clientSecret: 'a secret' },
        },
        fetch: async (url, init) =>
          url === `https://${team}/cdn-cgi/access/certs`
            ? Response.json({ keys: [edgeKey.jwk] })
            : provider.fetch(url, init),
        bearer: bearerTokens({ audience: `${origin}/mcp` }),
        edge: cloudflareAccess({ team, audience: 'tag' }),
        identify: ({ user }) => ({ user, roles: [] }),
      }),
      routes: [{ path: '/*', to: 'app', sessions: ['set', 'end', 'list', 'flash'] }],
      onEvent: (event) => events.push(event),
      clock: now,
      fetch: (async (_: unknown, init: RequestInit = {}) => {
        const nonce = new Headers(init.headers).get('portcullis-session-nonce')
        const headers = new Headers()
        if (state.command !== undefined) {
          const bytes = new TextEncoder().encode(JSON.stringify(state.command))
          headers.set('portcullis-session', `${nonce}.${encodeBase64url(bytes)}`)
        }
        return new Response('upstream', { headers })
      }) as typeof fetch,
    }),
  )
  const app = { request: (request: Request) => gateway.fetch(request) }
  const browser = new Browser(app, provider)
  const createEdgeToken = (): Promise<string> =>
    signToken(edgeKey, {
      iss: `https://${team}`,
      aud: ['tag'],
      sub: 'grace',
      iat: provider.seconds,
      exp: provider.seconds + 60,
    })
  const readData = async (): Promise<Data | undefined> => {
    const request = new Request(origin, { headers: { cookie: browser.cookieHeader } })
    return sessions.open({ request, env: {} }).get()
  }
  return { browser, events, state, createEdgeToken, readData }
}

describe('an identity of an edge beside the cookie of a session', () => {
  test.each([
    ['set', { set: { roles: ['admin'] } }],
    ['end', { end: true }],
  ])(
    'the command %s of an upstream does not touch the session of somebody else',
    async (_, command) => {
      const { browser, events, state, createEdgeToken, readData } = await createSite()
      await browser.signIn()
      expect((await readData())?.user).toBe('acme|ada')
      state.command = command
      const headers = { [edgeHeader]: await createEdgeToken() }
      const response = await browser.request('/orders', { headers })
      expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
      expect(await readData()).toMatchObject({ user: 'acme|ada', roles: [] })
      expect(events.at(-1)).toMatchObject({ type: 'session-header-refused', reason: 'not-granted' })
    },
  )
})

describe('the console of a gateway with a login', () => {
  test('sends whoever is not signed in to the login page', async () => {
    const { browser } = await createSite()
    const response = await browser.request('/.portcullis/console', { headers: navigation })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toMatch(/^\/\.portcullis\/login\?/)
  })

  test('takes no access token', async () => {
    const { browser } = await createSite()
    const headers = { authorization: 'Bearer a.b.c', 'sec-fetch-mode': 'cors' }
    expect((await browser.request('/.portcullis/console', { headers })).status).toBe(401)
  })
})
