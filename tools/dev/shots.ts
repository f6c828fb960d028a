/**
 * `npm run shots`: pictures of every page of the demo and the console, at 390 and 1280 pixels, light and dark, in the folder
 * `shots` (or the one named). They are there to be looked at. `-- --readme` writes the picture of the README.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { launchBrowser } from '../../test/support/browser.ts'
import { freePorts, startDev } from './start-dev.ts'

/** One page, and who looks at it. */
interface Shot {
  readonly name: string
  readonly path: string
  readonly as?: 'alice'
  /** Text of a button to press first. */
  readonly press?: string
  /** The user whose sessions the console is asked for. */
  readonly find?: string
}

const pages: readonly Shot[] = [
  { name: 'home', path: '/' },
  { name: 'home-attacked', path: '/', as: 'alice', press: '#attack-all' },
  { name: 'login', path: '/login' },
  { name: 'account', path: '/account', as: 'alice' },
  { name: 'devices', path: '/devices', as: 'alice' },
  { name: 'device', path: '/device', as: 'alice' },
  { name: 'live', path: '/live' },
  { name: 'console', path: '/.portcullis/console', as: 'alice' },
  { name: 'console-sessions', path: '/.portcullis/console', as: 'alice', find: 'alice' },
  { name: 'denied', path: '/office' },
  { name: 'not-found', path: '/nothing-here' },
  { name: 'unreachable', path: '/nowhere' },
]
const widths = [390, 1280] as const
const schemes = ['light', 'dark'] as const

const args = process.argv.slice(2)
const isReadme = args.includes('--readme')
const folder = args.find((arg) => !arg.startsWith('--')) ?? 'shots'
mkdirSync(folder, { recursive: true })

const dev = await startDev(await freePorts())
const browser = await launchBrowser()
try {
  if (isReadme) await shootReadme(browser)
  else for (const width of widths) for (const scheme of schemes) await shoot(browser, width, scheme)
} finally {
  await browser.close()
  await dev.stop()
}

async function shoot(
  from: Browser,
  width: (typeof widths)[number],
  scheme: (typeof schemes)[number],
): Promise<void> {
  for (const { name, path, as, press, find } of pages) {
    const context = await openContext(from, { width, scheme, as })
    const page = await context.newPage()
    await page.goto(path, { waitUntil: 'load' })
    if (press !== undefined) {
      await page.click(press)
      await page.waitForFunction(() => document.querySelector('#attack-sum')?.textContent !== '')
      await page.waitForTimeout(1500)
    }
    if (find !== undefined) {
      await page.fill('input[name=user]', find)
      await Promise.all([page.waitForEvent('load'), page.click('button[value=find]')])
    }
    if (path === '/live') await page.waitForFunction(isConnected)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth)
    const overflow = wide > width ? `  overflows: ${wide} px` : ''
    const file = join(folder, `${name}-${width}-${scheme}.png`)
    await page.screenshot({ path: file, fullPage: true })
    console.log(`${file}${overflow}`)
    await context.close()
  }
}

/** Whether both connections of the page have brought something. */
function isConnected(): boolean {
  const outputs = [...document.querySelectorAll('main output')]
  return outputs.every((output) => output.textContent !== 'connecting')
}

/** The demo after all attacks, with the console beside them. */
async function shootReadme(from: Browser): Promise<void> {
  const context = await openContext(from, { width: 1280, scheme: 'light', as: 'alice' })
  const page = await context.newPage()
  await page.goto('/')
  await page.click('#attack-all')
  await page.waitForFunction(() => document.querySelector('#attack-sum')?.textContent !== '')
  await page.waitForTimeout(2500)
  await page.evaluate(() => window.scrollTo(0, 0))
  const file = 'docs/images/demo.jpg'
  mkdirSync('docs/images', { recursive: true })
  const box = await page.locator('.beside').boundingBox()
  const height = Math.min(1500, Math.ceil((box?.y ?? 900) + (box?.height ?? 500) + 16))
  const clip = { x: 0, y: 0, width: 1280, height }
  await page.screenshot({ path: file, type: 'jpeg', quality: 68, fullPage: true, clip })
  console.log(file)
  await context.close()
}

async function openContext(
  from: Browser,
  options: { width: number; scheme: 'light' | 'dark'; as: 'alice' | undefined },
): Promise<BrowserContext> {
  const { width, scheme, as } = options
  const context = await from.newContext({
    baseURL: dev.url,
    colorScheme: scheme,
    viewport: { width, height: width < 500 ? 844 : 900 },
  })
  if (as !== undefined) {
    const page = await context.newPage()
    await page.goto('/login')
    await page.fill('input[name=user]', as)
    await page.fill('input[name=password]', 'wonderland')
    await Promise.all([page.waitForURL(`${dev.url}/`), page.click('main button')])
    await page.close()
  }
  return context
}
