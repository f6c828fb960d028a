/** A login at the development provider: in a Hono app, in a gateway, with tokens for upstreams and for machines. */
import assert from 'node:assert/strict'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill, type Page } from './support/pages.ts'
import { startUpstream, type Upstream } from './support/upstream.ts'

const origin = 'http://localhost:8787'

interface App {
  fetch(request: Request, env?: object, context?: object): Promise<Response>
}
interface Browser {
  open(url: string, init?: RequestInit): Promise<Response>
  request(url: string, init?: RequestInit): Promise<Response>
}
interface Helpers {
  createLoginBrowser(options: { site: object; origin: string; provider: object }): Browser
  signInAs(browser: Browser, person: string): Promise<Response>
  openOrders(app: object): Promise<string>
}

export const loginJourney: Journey = {
  name: 'login at the development provider',
  pages: ['docs/login.md', 'docs/access.md'],
  async walk(trip) {
    const redis = trip.use(await startRedis())
    const upstream = trip.use(
      await startUpstream(({ path, headers }, response) => {
        response.end(
          JSON.stringify({
            path,
            authorization: headers.authorization,
            assertion: headers['portcullis-assertion'] !== undefined,
          }),
        )
      }),
    )
    const env = {
      SESSION_SECRET: 'B7k2Xv9Qm4Tz8Lc1Ws6Rn3Hd5Yp0JgFa',
      ACME_SECRET: 'dev',
      ASSERTION_KEY: await assertionKey(),
      UPSTASH_REDIS_REST_URL: redis.url,
      UPSTASH_REDIS_REST_TOKEN: redis.token,
      REDIS_URL: redis.url,
      REDIS_TOKEN: redis.token,
    }
    const page = trip.page('docs/login.md')
    await walkApp(trip, page, env)
    await walkGateway(trip, page, { env, upstream })
    await walkProviders(trip, page)
    await walkTokens(trip, page, { env, upstream })
    await walkMachines(trip, page)
  },
}

/** The provider that every block signs in at, and the helpers of the page's block on tests. */
async function loadHelpers(trip: Trip): Promise<Helpers & { provider: object }> {
  const block = trip.page('docs/login.md').next('ts', 'createLoginBrowser').text
  const text = block.replace('const provider =', 'export const provider =')
  return trip.load('provider.ts', `${text}\nexport { createLoginBrowser, signInAs }\n`)
}

/** A block with the development provider in the place of the one at acme. */
function useDevProvider(block: string): string {
  return `import { provider } from './provider.ts'\n${block
    .replaceAll("'https://id.acme.example'", "'http://localhost:8789'")
    .replaceAll("'my-app'", "'dev'")
    .replaceAll("'https://app.example.com'", `'${origin}'`)
    .replace('      providers: {', '      fetch: provider.fetch,\n      providers: {')
    .replace('\n  providers: {', '\n  fetch: provider.fetch,\n  providers: {')}`
}

/** The site with its environment, as a platform calls it. */
function bind(app: App, env: object): { fetch(request: Request): Promise<Response> } {
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined }
  return { fetch: (request) => app.fetch(request, env, context) }
}

async function walkApp(trip: Trip, page: Page, env: object): Promise<void> {
  const { createLoginBrowser, signInAs, openOrders, ...helpers } = await loadHelpers(trip)
  const { app } = await trip.load<{ app: App }>(
    'app.ts',
    useDevProvider(page.next('ts', 'auth.signIn').text),
  )
  const site = bind(app, env)
  const browser = createLoginBrowser({ site, origin, provider: helpers.provider })

  await trip.step(
    'docs/login.md: a page leads to the provider, and back to itself with a session',
    async () => {
      const first = await browser.request('/')
      assert.equal(first.status, 303)
      const signedIn = await signInAs(browser, 'alice')
      assert.equal(signedIn.status, 200)
      const me = (await (await browser.open('/')).json()) as { name: string; roles: string[] }
      assert.deepEqual([me.name, me.roles], ['Alice', ['admin']])
    },
  )

  await trip.step(
    'docs/login.md: logout ends the session, and another person is another session',
    async () => {
      page.promises('To sign out, post a form')
      const headers = { origin, 'sec-fetch-site': 'same-origin' }
      const out = await browser.request('/.portcullis/logout', { method: 'POST', headers })
      // A page that goes on to the provider by itself: a redirect would be stopped by form-action.
      const onward = /content="0;url=([^"]+)"|href="(http:\/\/localhost:8789[^"]+)"/.exec(
        await out.text(),
      )
      const provider = `${onward?.[1] ?? onward?.[2]}`.replaceAll('&amp;', '&')
      assert.equal((await browser.open(provider)).status, 200)
      assert.equal((await browser.request('/')).status, 303)
      const me = await signInAs(browser, 'bob').then(() => browser.open('/'))
      assert.deepEqual(((await me.json()) as { roles: string[] }).roles, [])
      const forged = await browser.request('/.portcullis/logout', {
        method: 'POST',
        headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      })
      assert.equal(forged.status, 403)
    },
  )

  await trip.step('docs/login.md: the helper of the page opens a page in one line', async () => {
    assert.equal(typeof (await openOrders(site)), 'string')
  })
}

interface Behind {
  readonly env: object
  readonly upstream: Upstream
}

async function walkGateway(trip: Trip, page: Page, { env, upstream }: Behind): Promise<void> {
  const { createLoginBrowser, signInAs, provider } = await loadHelpers(trip)
  // The preset is Keycloak's; the development provider is a plain one.
  const block = fill(page.next('ts', 'defineGateway').text, {
    'https://origin.example.net': upstream.url,
  })
  const text = useDevProvider(block)
    .replace(
      /keycloak<Env>\(\{\s+url: '\S+',\s+realm: 'acme',/,
      "oidc<Env>({ issuer: 'http://localhost:8789',",
    )
    .replace(/\bkeycloak\b/, 'oidc')
    .replace("roles('realm_roles'", "roles('groups'")
  const { default: gateway } = await trip.load<{ default: App }>('gateway.ts', text)
  const browser = createLoginBrowser({ site: bind(gateway, env), origin, provider })

  await trip.step(
    'docs/login.md: in a gateway a fetch gets 401 with signIn, a page the login',
    async () => {
      const fetched = await browser.request('/orders', {
        headers: {
          'sec-fetch-mode': 'cors',
          'sec-fetch-dest': 'empty',
          accept: 'application/json',
        },
      })
      const problem = (await fetched.json()) as { signIn: string }
      assert.deepEqual(
        [fetched.status, problem.signIn.startsWith('/.portcullis/login')],
        [401, true],
      )
      assert.equal((await browser.request('/')).status, 200)
      assert.equal((await browser.request('/orders')).status, 303)
      await signInAs(browser, 'bob')
      assert.equal((await browser.request('/orders')).status, 200)
    },
  )

  await trip.step(
    'docs/access.md: a role that is missing is 403, and a token goes upstream in its place',
    async () => {
      trip.page('docs/access.md').promises('users with one of these roles')
      assert.equal((await browser.request('/admin/x')).status, 403)
      const api = (await (
        await browser.request('/api/x', { headers: { authorization: 'Bearer of-the-client' } })
      ).json()) as {
        authorization: string
        assertion: boolean
      }
      assert.match(api.authorization, /^Bearer (?!of-the-client)\S+$/)
      assert.equal(
        upstream.received.some(({ headers }) => `${headers.cookie}`.includes('__Host-login')),
        false,
      )
    },
  )
}

async function walkProviders(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/login.md: each preset of the page can be created', async () => {
    const { providers } = await trip.load<{ providers: object }>(
      'presets.ts',
      page.next('ts', 'cognito').text,
    )
    assert.equal(Object.keys(providers).length, 9)
  })
}

async function walkTokens(trip: Trip, page: Page, { env, upstream }: Behind): Promise<void> {
  const { createLoginBrowser, signInAs, provider } = await loadHelpers(trip)
  const text = fill(page.next('ts', 'c.var.login.token()').text, {
    'https://api.acme.example': upstream.url,
  })
  const { app } = await trip.load<{ app: App }>('tokens.ts', useDevProvider(text))
  const browser = createLoginBrowser({ site: bind(app, env), origin, provider })

  await trip.step(
    'docs/login.md: a handler gets the access token of who is signed in, and nobody else',
    async () => {
      assert.equal((await browser.request('/orders')).status, 401)
      await signInAs(browser, 'alice')
      const { authorization } = (await (await browser.open('/orders')).json()) as {
        authorization: string
      }
      assert.match(authorization, /^Bearer \S{20,}$/)
    },
  )
}

async function walkMachines(trip: Trip, page: Page): Promise<void> {
  await trip.step('docs/login.md: a program without a token learns where to get one', async () => {
    const block = page.next('ts', 'bearerTokens').text
    const { config } = await trip.load<{ config: object }>('machines.ts', block)
    const { createGateway } = await trip.load<{ createGateway(config: object): App }>(
      'create.ts',
      "export { createGateway } from 'portcullis/gateway'\n",
    )
    const env = {
      SESSION_SECRET: 'B7k2Xv9Qm4Tz8Lc1Ws6Rn3Hd5Yp0JgFa',
      ACME_SECRET: 'x',
      ASSERTION_KEY: await assertionKey(),
    }
    const gateway = bind(createGateway(config), env)
    const answer = await gateway.fetch(new Request('https://app.example.com/mcp'))
    assert.equal(answer.status, 401)
    const metadata =
      /resource_metadata="([^"]+)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1] ?? ''
    const document = (await (await gateway.fetch(new Request(metadata))).json()) as {
      authorization_servers: string[]
    }
    assert.deepEqual(document.authorization_servers, ['https://id.acme.example'])
  })
}

async function assertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return JSON.stringify({
    ...(await crypto.subtle.exportKey('jwk', privateKey)),
    kid: 'one',
    alg: 'ES256',
  })
}
