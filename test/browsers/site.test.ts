/**
 * A session of a whole site in a real Chromium: registered on one host, refreshed for requests of a
 * sibling.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Entry } from './gateway.fixture.ts'
import { type Chromium, createTls, type Site, startChromium, startSite } from './support.ts'

const tls = createTls()
let site: Site
let chromium: Chromium

beforeAll(async () => {
  site = await startSite('workerd', tls, { site: true })
  chromium = await startChromium(tls)
})
afterAll(async () => {
  await chromium?.close()
  await site?.stop()
})

it('binds a session of a site, whose file names who may register', async () => {
  const { page, context } = chromium
  const heard: Entry[] = []
  await page.goto(`${site.origin}/login`)
  await page.click('button')
  await expect
    .poll(async () => {
      await page.evaluate(() => fetch('/api/me').then(({ status }) => status))
      heard.push(...(await site.log()))
      return heard.some(({ event }) => event === 'session-bound')
    })
    .toBe(true)
  expect(heard).toContainEqual(
    expect.objectContaining({ path: '/.well-known/device-bound-sessions', status: 200 }),
  )

  // A request of the sibling host itself, which no session of one origin would hold back.
  await context.clearCookies({ name: '__Secure-session-bound' })
  await page.goto(`https://shop.example.test:${site.port}/page`)
  expect(await page.title()).toBe('GET /page')
  const paths = (await site.log()).map(({ path, status }) => `${path} ${status}`)
  expect(paths).toContain('/.portcullis/dbsc/refresh 200')
})
