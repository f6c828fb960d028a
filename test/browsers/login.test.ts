/** A person signs in and out with three engines: at a provider of another site, through the gateway, in front of Express. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../node/index.ts'
import { createGateway, defineGateway } from '../../src/gateway/index.ts'
import { gatewayLogin, loginMark, loginUser } from '../../src/login/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { devProvider } from '../../src/testing/index.ts'
import { assertionKey } from '../../tools/dev/secret.ts'
import { freePorts } from '../../tools/dev/start-dev.ts'
import { createTls, startChromium, startTlsFront, type Tls } from './support.ts'
import { type DrivenBrowser, startFirefox, startWebKit } from './webdriver.ts'

interface Data {
  readonly user: string
  readonly roles: string[]
}

interface LoginSite {
  readonly origin: string
  readonly issuer: string
  stop(): Promise<void>
}

/** The provider is at 127.0.0.1 and the site at localhost: another site, so that SameSite counts. */
async function startLoginSite(tls: Tls): Promise<LoginSite> {
  const { gateway: port, provider: providerPort } = await freePorts()
  const origin = `https://localhost:${port}`
  const issuer = `http://127.0.0.1:${providerPort}`
  const provider = devProvider({ issuer })
  const providerServer = await listen(providerPort, async (request) => provider.fetch(request))
  const upstream = createServer(createUpstream())
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')

  const shared = { issuer, clientId: 'dev', clientSecret: 'dev' }
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      platform: 'none',
      upstreams: { app: { url: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` } },
      session: storedSessions<Data>({
        secret: 'rT5-8mQz_v7RpLx0Wc4sTn6Yb1Hf9Ja3',
        store: memoryStore(),
        user: loginUser,
        mark: loginMark,
      }),
      user: (data) => data.user,
      roles: (data) => data.roles,
      assertion: { key: await assertionKey() },
      login: gatewayLogin<Data>({
        providers: {
          dev: shared,
          posts: { ...shared, responseMode: 'form_post', label: 'By post' },
        },
        identify: ({ user, roles }) => ({ user, roles: roles('groups', { admin: 'admins' }) }),
      }),
      routes: [
        { path: '/admin', to: 'app', access: { role: 'admin' } },
        { path: '/*', to: 'app' },
      ],
    }),
  )
  const server = await serve(gateway, { port: 0, trustedProxies: 1, signals: false })
  const stopFront = await startTlsFront(server.port, tls, port)
  return {
    origin,
    issuer,
    async stop(): Promise<void> {
      await stopFront()
      await server.stop()
      for (const each of [upstream, providerServer]) {
        each.closeAllConnections()
        each.close()
      }
    },
  }
}

/** An Express application that shows whom the gateway names. */
function createUpstream(): express.Express {
  const app = express()
  app.get('/{*path}', (request, response) => {
    const payload = `${request.headers['portcullis-assertion']}`.split('.')[1] ?? ''
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }
    const cookies = request.headers.cookie ?? 'none'
    response.send(`<!doctype html><title>${request.path} of ${sub}</title><p>cookies: ${cookies}`)
  })
  return app
}

async function listen(
  port: number,
  answer: (request: Request) => Promise<Response>,
): Promise<Server> {
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of message) chunks.push(chunk as Buffer)
    const headers = { cookie: `${message.headers.cookie ?? ''}` }
    const { method = 'GET' } = message
    const body = method === 'POST' ? { body: Buffer.concat(chunks) } : {}
    const type = message.headers['content-type']
    const request = new Request(`http://127.0.0.1:${port}${message.url}`, {
      method,
      headers: {
        ...headers,
        ...(type !== undefined && { 'content-type': type }),
        authorization: `${message.headers.authorization ?? ''}`,
      },
      ...body,
    })
    const answered = await answer(request)
    response.writeHead(answered.status, Object.fromEntries(answered.headers))
    response.end(Buffer.from(await answered.arrayBuffer()))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function startDrivenChromium(tls: Tls): Promise<DrivenBrowser> {
  const { page, close } = await startChromium(tls, { flags: [] })
  return {
    open: async (url) => void (await page.goto(url)),
    run: async (script) => `${await page.evaluate(script)}`,
    close,
  }
}

describe.each([
  ['Chromium', startDrivenChromium],
  ['Firefox', startFirefox],
  ['WebKitGTK', startWebKit],
] as const)('a login in %s', (_, start) => {
  let site: LoginSite
  let browser: DrivenBrowser

  beforeAll(async () => {
    const tls = createTls()
    site = await startLoginSite(tls)
    browser = await start(tls)
  })
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
  })

  /** A page that goes on destroys the one in which a script ran. */
  const read = (script: string): Promise<string> => browser.run(script).catch(() => '')
  const click = (selector: string): Promise<string> =>
    read(`setTimeout(() => document.querySelector('${selector}').click()) && ''`)
  const title = (): Promise<string> => read('document.title')

  it('1, 80, 81, 82: signs in at another site, works, and signs out there and here', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=dev&return_to=/orders`)
    expect(await title()).toBe('Who are you?')
    await click('button[value=alice]')
    await expect.poll(title).toBe('/orders of dev|alice')
    // Neither the session nor an attempt reaches the application.
    expect(await read('document.body.textContent')).toBe('cookies: none')
    await browser.open(`${site.origin}/admin`)
    expect(await title()).toBe('/admin of dev|alice')

    await browser.open(`${site.origin}/.portcullis/logout`)
    expect(await title()).toBe('Sign out')
    await click('button')
    await expect.poll(title).toBe('You are signed out')
    expect(await read('location.href')).toBe(`${site.origin}/.portcullis/logged-out`)
    // The provider's session is over, too: it asks again.
    await browser.open(`${site.origin}/.portcullis/login?provider=dev`)
    expect(await title()).toBe('Who are you?')
  })

  it('10: a page without a session leads to the page of providers', async () => {
    await browser.open(`${site.origin}/orders`)
    expect(await title()).toBe('Sign in')
    expect(await read('document.querySelectorAll("a").length')).toBe('2')
  })

  it('118: an answer that another site posts finds its attempt', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=posts&return_to=/posted`)
    expect(await title()).toBe('Who are you?')
    await click('button[value=bob]')
    await expect.poll(title).toBe('/posted of posts|bob')
    await browser.open(`${site.origin}/admin`)
    expect(await title()).not.toContain('of posts|bob')
  })

  it('28: the way back from a page does not break the login', async () => {
    await browser.open(`${site.origin}/.portcullis/login?provider=dev&return_to=/back`)
    // Bob is still signed in at the provider, which asks nothing.
    await expect.poll(title).toBe('/back of dev|bob')
    await browser.open(`${site.origin}/.portcullis/callback/dev?state=${'a'.repeat(38)}&code=x`)
    await expect.poll(title).toBe('/ of dev|bob')
  })
})
