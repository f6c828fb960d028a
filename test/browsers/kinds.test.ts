/** A service binding, files and a Hono app behind one gateway, in the runtime of wrangler, with Chromium in front. */
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import type { Browser, Response as PageResponse } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { compatibilityDate, compatibilityFlags } from '../../tools/compatibility.ts'
import { assertionKey, sessionSecret } from '../../tools/dev/secret.ts'
import { freePorts } from '../../tools/dev/start-dev.ts'
import { launchBrowser } from '../support/browser.ts'

let browser: Browser
let runtime: Miniflare
let origin: string

beforeAll(async () => {
  const { gateway: port } = await freePorts()
  origin = `http://localhost:${port}`
  const { outputFiles } = await build({
    entryPoints: [new URL('kinds.worker.ts', import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    logLevel: 'silent',
  })
  const common = {
    modules: true,
    script: outputFiles[0]?.text ?? '',
    compatibilityDate,
    compatibilityFlags: [...compatibilityFlags],
  }
  const bindings = {
    PUBLIC_ORIGIN: origin,
    SESSION_SECRET: sessionSecret(),
    ASSERTION_KEY: await assertionKey(),
  }
  runtime = new Miniflare(
    convertV4MiniflareOptions({
      port,
      host: '127.0.0.1',
      log: new Log(LogLevel.WARN),
      workers: [
        {
          ...common,
          name: 'gateway',
          bindings: { ...bindings, ROLE: 'gateway' },
          serviceBindings: { API: 'api' },
          assets: {
            directory: new URL('assets', import.meta.url).pathname,
            binding: 'ASSETS',
            routerConfig: { invoke_user_worker_ahead_of_assets: true, has_user_worker: true },
          },
        },
        // It has the public origin alone: no secret, and no key but those that the gateway publishes.
        { ...common, name: 'api', bindings: { PUBLIC_ORIGIN: origin, ROLE: 'api' } },
      ],
    }),
  )
  await runtime.ready
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await runtime?.dispose()
})

it('signs a person in at the app, serves files from the cache, and tells the API who is asking', async () => {
  const page = await browser.newPage()
  const responses: PageResponse[] = []
  page.on('response', (response) => responses.push(response))
  const find = (path: string): PageResponse | undefined =>
    responses.findLast((response) => new URL(response.url()).pathname === path)

  await page.goto(origin)
  expect(new URL(page.url()).pathname).toBe('/login')
  await page.fill('input[name=user]', 'ada')
  await page.click('button')
  await expect.poll(() => page.textContent('#user')).toBe('ada')

  // The API behind the binding verified the assertion, and never saw a cookie.
  await expect
    .poll(async () => JSON.parse((await page.textContent('#api')) || 'null'))
    .toEqual({ user: 'ada', pathname: '/api/whoami', cookie: null })

  // Files know nobody: they may be kept by everybody, and Chromium asks for them once.
  const color = (): Promise<string> =>
    page.$eval('#user', (element) => getComputedStyle(element).color)
  expect(await color()).toBe('rgb(1, 2, 3)')
  const headers = (await find('/assets/site.css')?.allHeaders()) ?? {}
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(headers['set-cookie']).toBe(undefined)
  expect(headers.vary ?? '').not.toContain('Cookie')
  expect(headers['x-content-type-options']).toBe('nosniff')
  await page.goto(`${origin}/?again`)
  await expect.poll(color).toBe('rgb(1, 2, 3)')
  const transferred = await page.evaluate(
    () =>
      (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).find(({ name }) =>
        name.endsWith('/assets/site.css'),
      )?.transferSize,
  )
  expect(transferred).toBe(0)
  await page.close()
})

it('lets nobody past it: not to the API without a session, nor with an assertion of one’s own', async () => {
  const forged = { 'portcullis-assertion': 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.' }
  const asked = await fetch(`${origin}/api/whoami`, { headers: { ...forged, accept: '*/*' } })
  expect(asked.status).toBe(401)
  expect(await asked.text()).not.toContain('not from the gateway')

  // The Worker itself, asked without the gateway.
  const api = (await runtime.getWorker('api')) as unknown as {
    fetch(url: string, init?: object): Promise<Response>
  }
  for (const headers of [{}, forged])
    expect((await api.fetch(`${origin}/api/whoami`, { headers })).status).toBe(401)
})
