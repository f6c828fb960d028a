/** What the tests of a login in browsers share: a gateway over TLS, a provider of another site, and three engines. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { serve } from '../../node/index.ts'
import { createGateway, defineGateway, type Upstream } from '../../src/gateway/index.ts'
import { gatewayLogin, loginMark, loginUser } from '../../src/login/index.ts'
import { storedSessions } from '../../src/session/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { devProvider } from '../../src/testing/index.ts'
import { assertionKey } from '../../tools/dev/secret.ts'
import { freePorts } from '../../tools/dev/start-dev.ts'
import { startChromium, startTlsFront, type Tls } from './support.ts'
import { type DrivenBrowser, startFirefox, startWebKit } from './webdriver.ts'

interface Data {
  readonly user: string
  readonly roles: string[]
}

/** A gateway with a login over TLS, and its provider at another site. */
export interface LoginSite {
  readonly origin: string
  readonly issuer: string
  stop(): Promise<void>
}

/** The provider is at 127.0.0.1 and the site at localhost: another site, so that SameSite counts. */
export async function startLoginSite(tls: Tls, upstream: Upstream): Promise<LoginSite> {
  const { gateway: port, provider: providerPort } = await freePorts()
  const origin = `https://localhost:${port}`
  const issuer = `http://127.0.0.1:${providerPort}`
  const provider = devProvider({ issuer })
  const providerServer = await listen(providerPort, async (request) => provider.fetch(request))

  const shared = { issuer, clientId: 'dev', clientSecret: 'dev' }
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      platform: 'none',
      upstreams: { app: upstream },
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
        { path: '/admin/*', to: 'app', access: { role: 'admin' } },
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
      providerServer.closeAllConnections()
      providerServer.close()
    },
  }
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

/** The engines, and how each is started. */
export const loginBrowsers = [
  ['Chromium', startDrivenChromium],
  ['Firefox', startFirefox],
  ['WebKitGTK', startWebKit],
] as const
