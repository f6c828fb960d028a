/**
 * The section of the demo: a person copies the cookies of a bound session into curl, and watches
 * them die.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Dev, freePorts, startDev } from '../../tools/dev/start-dev.ts'
import { type Chromium, startChromium } from './support.ts'

/** The server starts cold, beside whatever else this machine does. */
const patience = { timeout: 60_000, interval: 1000 }

let dev: Dev
let origin: string
let chromium: Chromium

beforeAll(async () => {
  const ports = await freePorts()
  dev = await startDev(ports, ['--device'], 100_000)
  origin = `https://localhost:${ports.gateway}`
  const spki = /--ignore-certificate-errors-spki-list=(\S+)/.exec(dev.said())?.[1] ?? ''
  chromium = await startChromium({ spki, key: '', certificate: '' })
}, 120_000)
afterAll(async () => {
  await chromium?.close()
  await dev?.stop()
})

it('is bound by the Chromium of the banner, and copied cookies do what the page says', async () => {
  const { page, context } = chromium
  await page.goto(`${origin}/login?return_to=/device`)
  await page.fill('input[name=user]', 'alice')
  await page.fill('input[name=password]', 'wonderland')
  await page.click('main button')
  await expect
    .poll(async () => {
      await page.goto(`${origin}/device`)
      return page.textContent('main')
    }, patience)
    .toContain('This session works only on this device.')

  const cookies = await context.cookies(origin)
  const pair = (name: string): string => {
    return `${name}=${cookies.find((cookie) => cookie.name === name)?.value}`
  }
  const curl = async (sent: string, path: string): Promise<string> => {
    const format = '%{http_code} %{redirect_url}'
    const args = ['-sk', '-o', '/dev/null', '-w', format, '-b', sent, origin + path]
    return (await promisify(execFile)('curl', args)).stdout.trim()
  }
  const session = pair('__Host-session')
  const both = `${session}; ${pair('__Host-session-bound')}`
  // A navigation is sent to the login form; curl is no navigation.
  expect(await curl(session, '/account')).toBe('401')
  expect(await curl(both, '/account')).toBe('200')
  await expect.poll(() => curl(both, '/device/proof'), patience).toBe(`307 ${origin}/device/proof`)
  await page.click('a[href="/device/proof"]')
  await expect
    .poll(() => page.textContent('main'), patience)
    .toContain('Your device proved itself within the last ten seconds.')
})
