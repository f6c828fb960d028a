/** The two pages for a first hour: a gateway that is ready to deploy, and a Hono app. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'
import { startRedis } from '../support/redis.ts'
import type { Journey, Trip } from './support/journey.ts'
import { fill, type Page } from './support/pages.ts'
import { shellOk } from './support/services.ts'
import { startUpstream } from './support/upstream.ts'

interface App {
  fetch(request: Request, env?: object, context?: object): Promise<Response>
}
interface Browser {
  open(url: string, init?: RequestInit): Promise<Response>
}
interface Start {
  gateway: App
  openBrowser(site: object): Browser
  signInAs(browser: Browser, person: string): Promise<Response>
}

export const startJourney: Journey = {
  name: 'getting started',
  pages: ['docs/getting-started.md', 'docs/hono.md'],
  async walk(trip) {
    const page = trip.page('docs/getting-started.md')
    const project = await makeProject(trip, page)
    const block = page.next('ts', '// gateway.config.ts').text
    await checkProject(trip, page, { project, block })
    await signIn(trip, block)
    await walkHonoApp(trip)
  },
}

async function makeProject(trip: Trip, page: Page): Promise<string> {
  await trip.step('docs/getting-started.md: the commands make a project without faults', () => {
    // The packages are installed above the folder.
    const commands = page.next('sh', 'npx portcullis init --login').text
    return shellOk(commands.replace('npm install\n', ''), { cwd: trip.folder })
  })
  return join(trip.folder, 'my-gateway')
}

async function checkProject(
  trip: Trip,
  page: Page,
  { project, block }: { project: string; block: string },
): Promise<void> {
  const settings = readFileSync(join(project, 'wrangler.toml'), 'utf8').split('[secrets]')[0]
  const written = page.next('toml', '[env.production]').text
  const run = (command: string): Promise<string> => shellOk(command, { cwd: project })
  const [, checkProduction = '', dryRun = ''] = page
    .next('sh', 'wrangler deploy --dry-run')
    .text.trim()
    .split('\n')

  await trip.step(
    'docs/getting-started.md: check fails until the addresses are yours',
    async () => {
      page.promises('fails until the addresses of [env.production] are your own')
      writeFileSync(join(project, 'gateway.config.ts'), block)
      writeFileSync(join(project, 'wrangler.toml'), `${settings}${written}`)
      await assert.rejects(run(checkProduction), /www\.example\.com/)
    },
  )

  await trip.step('docs/getting-started.md: check passes, and the Worker builds', async () => {
    const own = written.replaceAll(/\b(www|origin|id)\.example\.com/g, '$1.acme-tools.org')
    writeFileSync(join(project, 'wrangler.toml'), `${settings}${own}`)
    assert.match(await run(checkProduction), /the gateway builds/)
    assert.match(await run(dryRun), /--dry-run: exiting now/)
  })
}

/** The page's own configuration, with the development provider in this process in place of a port. */
async function signIn(trip: Trip, block: string): Promise<void> {
  const redis = trip.use(await startRedis())
  const upstream = trip.use(
    await startUpstream(({ path }, response) => {
      response.statusCode = path === '/api/login' ? 401 : 200
      response.end('{}')
    }),
  )
  const origin = 'http://localhost:8787'
  const { gateway, openBrowser, signInAs } = await trip.load<Start>(
    'start.ts',
    `import { createGateway } from 'portcullis/gateway'
import { createLoginBrowser, devProvider, signInAs } from 'portcullis/testing'
const provider = devProvider({ issuer: 'http://localhost:8789' })
${fill(block, { 'gatewayLogin<Data>({': 'gatewayLogin<Data>({ fetch: provider.fetch,' })}
export const gateway = createGateway(config())
export const openBrowser = (site: never) => createLoginBrowser({ site, origin: '${origin}', provider })
export { signInAs }
`,
  )
  const env = {
    PUBLIC_ORIGIN: origin,
    UPSTREAM_URL: upstream.url,
    SESSION_SECRET: 'B7k2Xv9Qm4Tz8Lc1Ws6Rn3Hd5Yp0JgFa',
    THROTTLE_SECRET: 't9QmZr4xKc7Wv2Lp8Ns5Hb3Yd6Gf1JaE',
    ASSERTION_KEY: await createAssertionKey(),
    LOGIN_ISSUER: 'http://localhost:8789',
    LOGIN_CLIENT_ID: 'dev',
    LOGIN_CLIENT_SECRET: 'dev',
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
  }
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined }
  const site = { fetch: (request: Request) => gateway.fetch(request, env, context) }

  await trip.step('docs/getting-started.md: Alice may open /admin, and Bob may not', async () => {
    const [alice, bob] = [openBrowser(site), openBrowser(site)]
    assert.equal((await signInAs(alice, 'alice')).status, 200)
    await signInAs(bob, 'bob')
    assert.equal((await alice.open('/account')).status, 200)
    assert.equal((await alice.open('/admin')).status, 200)
    assert.equal((await bob.open('/admin')).status, 403)
    assert.equal((await bob.open('/.portcullis/ready')).status, 200)
  })

  await trip.step('docs/getting-started.md: wrong passwords are throttled', async () => {
    const statuses: number[] = []
    for (let attempt = 0; attempt < 7; attempt++) {
      const headers = { 'Content-Type': 'application/json', 'CF-Connecting-IP': '203.0.113.7' }
      const body = JSON.stringify({ email: 'ada@example.com', password: `${attempt}` })
      const request = new Request(`${origin}/api/login`, { method: 'POST', headers, body })
      statuses.push((await site.fetch(request)).status)
    }
    assert.equal(statuses[0], 401)
    assert.equal(statuses.at(-1), 429)
  })
}

async function walkHonoApp(trip: Trip): Promise<void> {
  const page = trip.page('docs/hono.md')
  const { code } = await transform(page.next('tsx', '// app.tsx').text, {
    loader: 'tsx',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
  })
  process.env.SESSION_SECRET = 'B7k2Xv9Qm4Tz8Lc1Ws6Rn3Hd5Yp0JgFa'
  const { app } = await trip.load<{ app: App }>('notes.ts', code)
  const origin = 'http://localhost:3000'
  const node = { incoming: { socket: { remoteAddress: '203.0.113.7' } } }
  const send = (path: string, cookie = '', body?: string): Promise<Response> =>
    app.fetch(
      new Request(`${origin}${path}`, {
        ...(body !== undefined && { method: 'POST', body }),
        headers: { cookie, 'Content-Type': 'application/x-www-form-urlencoded', origin },
      }),
      node,
    )
  const readCookie = (response: Response): string =>
    response.headers.get('set-cookie')?.split(';')[0] ?? ''

  await trip.step('docs/hono.md: a login, its message, the account and a logout', async () => {
    const cookie = readCookie(await send('/login', '', 'user=ada'))
    const home = await send('/', cookie)
    const html = await home.text()
    const nonce = /nonce="([^"]+)"/.exec(html)?.[1] ?? 'none'
    assert.match(html, /Welcome, ada/)
    assert.ok(home.headers.get('content-security-policy')?.includes(`'nonce-${nonce}'`))
    assert.ok(home.headers.has('ratelimit'))
    assert.deepEqual(await (await send('/account', cookie)).json(), { user: 'ada' })

    const signedOut = readCookie(await send('/logout', cookie, ''))
    assert.match(await (await send('/', signedOut)).text(), /Signed out/)
    assert.equal((await send('/account', signedOut)).status, 401)
  })
}

async function createAssertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const pair = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair
  return JSON.stringify({ ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), kid: 'one' })
}
