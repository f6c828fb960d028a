/** A real Chromium for tests: found on the machine, never downloaded. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const path = [
  process.env.CHROMIUM_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
].find((candidate) => candidate !== '' && existsSync(candidate))

/** For `describe.skipIf`: there is no browser, and this is a development machine, where that is no fault. */
export const noBrowser: boolean = path === undefined && !process.env.CI

/** Nothing but the pages under test: no look-ups of its maker's hosts, no updates, no GPU. */
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts it; rejects when there is none. Whoever starts it closes it. */
export function launchBrowser(): Promise<Browser> {
  if (path === undefined)
    throw new Error('no Chromium: install it (apt-get install chromium) or set CHROMIUM_PATH')
  // Root has no user namespace sandbox in a container.
  return chromium.launch({
    executablePath: path,
    args: process.getuid?.() === 0 ? ['--no-sandbox', ...quiet] : quiet,
  })
}
