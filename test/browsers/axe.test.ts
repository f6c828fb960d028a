/** Barriers on the pages of the demo, the gateway and the console, as axe-core finds them, on a phone and a desk, light and dark. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Dev, freePorts, startDev } from '../../tools/dev/start-dev.ts'
import { launchBrowser } from '../support/browser.ts'

interface Barrier {
  readonly id: string
  readonly impact: string | null
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pages = [
  { path: '/', as: undefined },
  { path: '/', as: 'alice' },
  { path: '/login', as: undefined },
  { path: '/account', as: 'alice' },
  { path: '/devices', as: 'alice' },
  { path: '/.portcullis/console', as: 'alice' },
  // Pages of the gateway itself: 403, 404 of the origin, 502.
  { path: '/office', as: undefined },
  { path: '/nothing-here', as: undefined },
  { path: '/nowhere', as: undefined },
] as const
const views = [390, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((scheme) => ({ width, scheme })),
)

describe('axe-core', () => {
  let browser: Browser
  let dev: Dev
  beforeAll(async () => {
    dev = await startDev(await freePorts())
    browser = await launchBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
  }, 60_000)

  it.each(views)(
    'finds nothing at $width pixels in $scheme',
    async ({ width, scheme }) => {
      const barriers: string[] = []
      for (const { path, as } of pages) {
        const context = await browser.newContext({
          baseURL: dev.url,
          viewport: { width, height: 900 },
          colorScheme: scheme,
          // axe is put into the page, which our policy would refuse as it refuses every script of strangers.
          bypassCSP: true,
        })
        const page = await context.newPage()
        if (as !== undefined) await signIn(page, as)
        await page.goto(path)
        for (const { id, nodes } of await findBarriers(page))
          barriers.push(`${path} (${as ?? 'stranger'}): ${id}: ${nodes[0]?.html.slice(0, 120)}`)
        await context.close()
      }
      expect(barriers).toEqual([])
    },
    240_000,
  )
})

async function signIn(page: Page, user: string): Promise<void> {
  await page.goto('/login')
  await page.fill('input[name=user]', user)
  await page.fill('input[name=password]', 'wonderland')
  await Promise.all([
    page.waitForURL((url) => url.pathname !== '/login'),
    page.press('input[name=password]', 'Enter'),
  ])
}

/** What WCAG 2.2 AA and its tools' best practices do not allow. */
async function findBarriers(page: Page): Promise<readonly Barrier[]> {
  await page.evaluate(axe)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: Barrier[] }> }
    }
    return (await axe.run()).violations
  })
}
