/** A stranger tries `npm run dev -- --login`: one click, no account. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Dev, freePorts, startDev } from '../../tools/dev/start-dev.ts'
import { launchBrowser } from '../support/browser.ts'

let dev: Dev
let browser: Browser

beforeAll(async () => {
  dev = await startDev(await freePorts(), ['--login'])
  browser = await launchBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await dev?.stop()
})

it('is signed in with one click, opens what its roles open, and signs out there and here', async () => {
  const page = await browser.newPage()
  await page.goto(dev.url)
  await page.click('text=Sign in with a provider')
  await page.click('button[value=alice]')
  await expect.poll(() => page.textContent('header')).toContain('Signed in as Alice')
  const admin = await page.goto(`${dev.url}/admin/`)
  expect(admin?.status()).toBe(200)

  await page.click('text=Log out')
  await expect.poll(() => page.title()).toBe('You are signed out – Portcullis demo')
  expect((await page.goto(`${dev.url}/account`))?.url()).toContain('/auth?')
  await page.click('button[value=bob]')
  await expect.poll(() => page.textContent('header')).toContain('Signed in as Bob')
  expect((await page.goto(`${dev.url}/admin/`))?.status()).toBe(403)
  await page.close()
})
