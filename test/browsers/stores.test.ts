/**
 * The Express example from login to the devices page in Chromium, over every store: two browsers of one person, the list
 * of both, one ended from the other, and a logout.
 */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis as UpstashRedis } from '@upstash/redis'
import { build } from 'esbuild'
import { Redis } from 'ioredis'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../node/index.ts'
import { ioredisSender, redis } from '../../src/redis/index.ts'
import { type AtomicStore, memoryStore } from '../../src/store/index.ts'
import { postgresStore } from '../../src/store/postgres.ts'
import { upstashStore } from '../../src/store/upstash.ts'
import { compatibilityDate, compatibilityFlags } from '../../tools/compatibility.ts'
import { assertionKey, sessionSecret } from '../../tools/dev/secret.ts'
import { freePorts } from '../../tools/dev/start-dev.ts'
import { launchBrowser } from '../support/browser.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { createStoreGateway, type GatewayEnv } from './stores-gateway.ts'

const timeoutMs = 20_000

let browser: Browser
let server: TestRedis
let database: TestPostgres
let client: Redis
let upstream: Server
let port: number
let env: GatewayEnv

beforeAll(async () => {
  ;[browser, server, database] = await Promise.all([launchBrowser(), startRedis(), startPostgres()])
  client = new Redis(server.socket)
  ;({ gateway: port } = await freePorts())

  const publicOrigin = `http://localhost:${port}`
  process.env.PORTCULLIS_URL = publicOrigin
  const { createApp } = await import('../../examples/express-origin/app.ts')
  upstream = createServer(createApp() as RequestListener).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  env = {
    PUBLIC_ORIGIN: publicOrigin,
    UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    SESSION_SECRET: sessionSecret(),
    ASSERTION_KEY: await assertionKey(),
  }
})
afterAll(async () => {
  await browser?.close()
  client?.disconnect()
  await server?.stop()
  await database?.stop()
  upstream?.closeAllConnections()
  upstream?.close()
})

/** A gateway on the port that the example knows, over one store. */
type StartGateway = () => Promise<{ stop(): Promise<unknown> }>

function onNode(createStore: () => AtomicStore | Promise<AtomicStore>): StartGateway {
  return async () => {
    const gateway = createStoreGateway(await createStore())
    const served = { fetch: (request: Request) => gateway.fetch(request, env) }
    return serve(served as never, { port, signals: false })
  }
}

/** As `wrangler dev` runs it. */
function inWrangler(store: string): StartGateway {
  return async () => {
    const { outputFiles } = await build({
      entryPoints: [new URL('stores.worker.ts', import.meta.url).pathname],
      bundle: true,
      write: false,
      format: 'esm',
      target: 'es2024',
      logLevel: 'silent',
    })
    const runtime = new Miniflare(
      convertV4MiniflareOptions({
        port,
        host: '127.0.0.1',
        log: new Log(LogLevel.WARN),
        modules: true,
        script: outputFiles[0]?.text ?? '',
        compatibilityDate,
        compatibilityFlags: [...compatibilityFlags],
        bindings: { ...env, STORE: store },
        durableObjects: { PORTCULLIS: { className: 'PortcullisObject', useSQLite: true } },
        d1Databases: { DB: 'sessions' },
      }),
    )
    await runtime.ready
    const migrated = await runtime.dispatchFetch(`http://localhost:${port}/.test/migrate`)
    if (!migrated.ok) throw new Error(`the migration was answered ${migrated.status}`)
    return { stop: () => runtime.dispose() }
  }
}

const stores: ReadonlyArray<readonly [name: string, start: StartGateway]> = [
  ['memory', onNode(() => memoryStore())],
  [
    'Redis over HTTP',
    onNode(() => {
      const { url, token } = server
      return upstashStore({ redis: redis({ url, token, timeoutMs }), prefix: 'http:' })
    }),
  ],
  [
    'a client of @upstash/redis',
    onNode(() => {
      const { url, token } = server
      return upstashStore({ redis: new UpstashRedis({ url, token }), prefix: 'client:' })
    }),
  ],
  [
    'Redis over TCP',
    onNode(() => {
      const send = ioredisSender(client)
      return upstashStore({ redis: redis({ send, timeoutMs }), prefix: 'tcp:' })
    }),
  ],
  [
    'Postgres',
    onNode(async () => {
      const store = postgresStore({
        query: (text, values) => database.pool.query(text, values),
        timeoutMs,
      })
      await store.migrate()
      return store
    }),
  ],
  ['Durable Objects', inWrangler('durable-object')],
  ['D1', inWrangler('d1')],
]

async function logIn(): Promise<Page> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${env.PUBLIC_ORIGIN}/account`)
  expect(new URL(page.url()).pathname).toBe('/login')
  await page.fill('input[name=user]', 'alice')
  await page.fill('input[name=password]', 'wonderland')
  await page.click('main button')
  await expect.poll(() => page.url()).toBe(`${env.PUBLIC_ORIGIN}/account`)
  return page
}

describe.each(stores)('over %s', (_, start) => {
  it('a person signs in twice, sees both devices, ends one from the other, and signs out', async () => {
    const gateway = await start()
    try {
      const [phone, desk] = [await logIn(), await logIn()]
      await desk.goto(`${env.PUBLIC_ORIGIN}/devices`)
      expect(await desk.locator('td:has-text("(this one)")').count()).toBe(1)
      const others = desk.locator('tr:not(:has-text("(this one)")) button[name=end]')
      expect(await others.count()).toBe(1)

      await others.click()
      await expect.poll(() => desk.locator('button[name=end]').count()).toBe(1)
      await phone.goto(`${env.PUBLIC_ORIGIN}/account`)
      expect(new URL(phone.url()).pathname).toBe('/login')
      expect((await desk.goto(`${env.PUBLIC_ORIGIN}/account`))?.status()).toBe(200)

      const cookies = await desk.context().cookies()
      expect(cookies.map(({ name }) => name)).toEqual(['__Host-session'])
      await desk.click('text=Log out')
      await expect.poll(() => desk.url()).toBe(`${env.PUBLIC_ORIGIN}/`)
      // The home page counts visits: the cookie is a visitor's now.
      const [visitor] = await desk.context().cookies()
      expect(visitor?.value).not.toBe(cookies[0]?.value)
      // Whoever kept a copy of the cookie has a session no more.
      await desk.context().addCookies(cookies)
      await desk.goto(`${env.PUBLIC_ORIGIN}/account`)
      expect(new URL(desk.url()).pathname).toBe('/login')
      for (const page of [phone, desk]) await page.context().close()
    } finally {
      await gateway.stop()
    }
  })
})
